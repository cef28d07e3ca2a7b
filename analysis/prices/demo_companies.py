"""The demo market's companies: fictional, none of them listed anywhere; nine of them demonstrate a problem."""

from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True)
class Company:
    """A fictional company. Its bars move around `price`; `volatility` is a session's usual log return."""

    ticker: str
    name: str
    industry: str
    currency: Literal["INR", "USD"]
    price: float
    volatility: float
    note: str = ""
    listed_sessions: int | None = None
    halted_since: date | None = None
    split_on: date | None = None
    source: Literal["up", "sometimes down", "gone"] = "up"

    @property
    def exchange_hint(self) -> str:
        """Return the code of the demo exchange on which it trades."""
        return "DEMO-IN" if self.currency == "INR" else "DEMO-US"


COMPANIES = (
    Company("KAVERI.DEMO", "Kaverisagar Looms", "Textiles", "INR", 642.0, 0.017),
    Company("B&D.DEMO", "Bhandar & Dharan Foods", "Food products", "INR", 1284.0, 0.013, "A name with an ampersand."),
    Company("MERUVANTA.DEMO", "Meruvanta Motors", "Automobiles", "INR", 874.0, 0.019),
    Company("TRISHANKU.DEMO", "Trishanku Codeworks", "IT services", "INR", 2950.0, 0.015),
    Company("NILGAON.DEMO", "Nilgaon Tea Gardens", "Tea and coffee", "INR", 318.0, 0.021),
    Company("SURYAVANA.DEMO", "Suryavana Solar", "Renewable power", "INR", 96.5, 0.027),
    Company("PRAVAHINI.DEMO", "Pravahini Water Works", "Water supply", "INR", 455.0, 0.014),
    Company("INDRAKOT.DEMO", "Indrakot Cement", "Cement", "INR", 1720.0, 0.016),
    Company("VAJRASTHAN.DEMO", "Vajrasthan Steel", "Steel", "INR", 236.0, 0.022),
    Company("MEGHAYAN.DEMO", "Meghayan Airways", "Airlines", "INR", 1105.0, 0.024),
    Company("CHANDRIKA.DEMO", "Chandrikapur Remedies", "Pharmaceuticals", "INR", 3480.0, 0.014),
    Company("SAMUDRIKA.DEMO", "Samudrika Lines", "Shipping", "INR", 187.0, 0.023),
    Company("HASTINI.DEMO", "Hastini Palaces", "Hotels", "INR", 412.0, 0.018),
    Company("KOSHAGARA.DEMO", "Koshagara Bank", "Banks", "INR", 978.0, 0.015),
    Company("RATNAMEKHA.DEMO", "Ratnamekha Jewels", "Jewellery", "INR", 3255.0, 0.018),
    Company("DHARITRIKA.DEMO", "Dharitrika Fertilisers", "Fertilisers", "INR", 142.0, 0.024),
    Company("VANASHOBHA.DEMO", "Vanashobha Paper", "Paper", "INR", 528.0, 0.019),
    Company("AGNIBANTA.DEMO", "Agnibanta Defence", "Defence", "INR", 4410.0, 0.022),
    Company("SHUBHRATNA.DEMO", "Shubhratna Finance", "Consumer finance", "INR", 6890.0, 0.017),
    Company("GOPURAVATI.DEMO", "Gopuravati Estates", "Real estate", "INR", 765.0, 0.023),
    Company("MASALANDIA.DEMO", "Masalandia Spices", "Packaged food", "INR", 214.0, 0.016),
    Company("TARANGVANI.DEMO", "Tarangvani Telecom", "Telecom", "INR", 1490.0, 0.014),
    Company(
        "STAMBHANA.DEMO", "Stambhana Power", "Power", "INR", 84.0, 0.02,
        "Halted: one price and no volume.", halted_since=date(2026, 3, 2),
    ),
    Company("KAUDIKA.DEMO", "Kaudika Infra", "Construction", "INR", 1.9, 0.034, "A penny stock."),
    Company(
        "HIRAKANTA.DEMO", "Hirakanta Instruments", "Precision tools", "INR", 80_000.0, 0.008,
        "A share costs around 80,000.",
    ),
    Company(
        "NAVANKURA.DEMO", "Navankura Logistics", "Logistics", "INR", 365.0, 0.025,
        "Listed 43 sessions ago: too few for a score.", listed_sessions=43,
    ),
    Company("QUILLMERE.DEMO", "Quillmere Robotics", "Industrial machinery", "USD", 148.0, 0.02),
    Company("BRACKENFOLD.DEMO", "Brackenfold Energy", "Oil and gas", "USD", 71.5, 0.019),
    Company("OSTERWYN.DEMO", "Osterwyn Silicon", "Semiconductors", "USD", 312.0, 0.025),
    Company("LARKHOLLOW.DEMO", "Larkhollow Biologics", "Biotechnology", "USD", 38.2, 0.03),
    Company("TESSAMORE.DEMO", "Tessamore Cloud", "Software", "USD", 226.0, 0.021),
    Company("PINDERLOFT.DEMO", "Pinderloft Railways", "Railways", "USD", 184.0, 0.013),
    Company("MARROWICK.DEMO", "Marrowick Pantry", "Packaged food", "USD", 58.4, 0.011),
    Company("VELLORIANE.DEMO", "Velloriane Pictures", "Media", "USD", 27.9, 0.024),
    Company("NORWHISTLE.DEMO", "Norwhistle Assurance", "Insurance", "USD", 133.0, 0.012),
    Company("DUNMARROW.DEMO", "Dunmarrow Aerospace", "Aerospace", "USD", 402.0, 0.016),
    Company(
        "TENFALLOW.DEMO", "Tenfallow Systems", "Hardware", "USD", 95.0, 0.018,
        "A 10:1 split that its prices are not adjusted for.", split_on=date(2025, 6, 9),
    ),
    Company(
        "FRESHWICK.DEMO", "Freshwick Networks", "Network equipment", "USD", 46.0, 0.026,
        "Listed 208 sessions ago.", listed_sessions=208,
    ),
    Company(
        "FICKLEBURN.DEMO", "Fickleburn Utilities", "Utilities", "USD", 64.0, 0.011,
        "Its source is down in the first twenty seconds of every minute: try again.", source="sometimes down",
    ),
    Company("VANQUAY.DEMO", "Vanquay Stores", "Retail", "USD", 12.0, 0.03, "Delisted: it always fails.", source="gone"),
)  # fmt: skip

COMPANY_BY_TICKER = {company.ticker: company for company in COMPANIES}
