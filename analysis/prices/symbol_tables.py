"""Symbol tables: exchanges, indices and quotes as charting sites, brokers and terminals name them."""

from collections.abc import Mapping

from analysis.prices.exchanges import EXCHANGE_BY_SUFFIX
from analysis.prices.tickers import DEMO_SUFFIX

# A market is the suffix of Yahoo's symbols, or one of these.
US, CRYPTO, PAIRS, FUTURES, INDICES, EURONEXT, NO_PRICES = "US", "crypto", "pairs", "futures", "indices", "many", "none"


def _by_name(words_by_market: Mapping[str, str]) -> dict[str, str]:
    return {name: market for market, words in words_by_market.items() for name in words.split()}


# Prefixes of TradingView and of Google Finance, codes of ISO 10383, of Yahoo's listing and of other data vendors.
# TSE is Tokyo, as TradingView writes it; letters after it are Toronto's, as Google wrote it.
MARKET_BY_NAME = _by_name(
    {
        "NS": "NSE XNSE NSI NSE_EQ NSEEQ NSEINDIA NATIONALSTOCKEXCHANGE NATIONALSTOCKEXCHANGEOFINDIA"
        " NSESME SME INDEXNSE",
        "BO": "BSE XBOM BOM BSE_EQ BSEEQ BSEINDIA BSELTD BOMBAYSTOCKEXCHANGE INDEXBOM BSESME",
        US: "NASDAQ NYSE AMEX NYSEARCA NYSEAMERICAN NYSEMKT ARCA BATS CBOE OTC OTCMKTS OTCBB PINK US USA UNITEDSTATES"
        " XNAS XNGS XNMS XNCM XNYS XASE ARCX BATO OTCM NMS NGM NCM NYQ ASE PCX BTS PNK NAS NYS NASDAQGS NASDAQGM"
        " NASDAQCM NASDAQNM NSQ NYSEARCAETF OQ ISLAND",
        "L": "LSE LON XLON LSEETF UK LONDON LONDONSTOCKEXCHANGE",
        "IL": "LSIN IOB LSEIOB1",
        "DE": "XETR ETR XETRA GER DEX IBIS IBIS2",
        "F": "FWB FRA XFRA FRK FRANKFURT FWB2",
        "SG": "SWB SWB2 XSTU STU",
        "BE": "BER XBER",
        "MU": "MUN XMUN",
        "DU": "DUS XDUS",
        "HM": "HAM XHAM",
        "HA": "HAN XHAN",
        "PA": "EPA XPAR PAR SBF PARIS",
        "AS": "AMS XAMS AEB AMSTERDAM",
        "BR": "EBR XBRU BRU BRUSSELS",
        "LS": "ELI XLIS LIS LISBON",
        "IR": "ISE XDUB DUBLIN",
        EURONEXT: "EURONEXT ENX",
        "MC": "BME XMAD MCE BMAD MADRID",
        "MI": "MIL BIT XMIL BVME MTAA MILAN",
        "SW": "SIX SWX VTX XSWX XVTX EBS SIX_SWX",
        "VI": "VIE WBAG XWBO WBO VIENNA",
        "AT": "ATHEX XATH ATH ATHENS",
        "ST": "OMXSTO STO XSTO SFB STOCKHOLM",
        "CO": "OMXCOP CPH XCSE CPSE COPENHAGEN",
        "HE": "OMXHEX HEL XHEL HEX HELSINKI",
        "IC": "OMXICE XICE ICELAND",
        "OL": "OSL XOSL OSLO",
        "WA": "GPW WSE XWAR WARSAW",
        "PR": "PSECZ XPRA PRA PRAGUE",
        "BD": "BET BUX XBUD BUDAPEST",
        "IS": "BIST XIST IST ISTANBUL",
        "TA": "TASE XTAE TLV",
        "SR": "TADAWUL XSAU SAU",
        "JO": "JSE XJSE JNB",
        "T": "TSE TYO XTKS JPX TSEJ TOKYO",
        "HK": "HKEX HKG XHKG SEHK HONGKONG",
        "SS": "SSE SHA XSHG SHH SEHKNTL SHANGHAI",
        "SZ": "SZSE SHE XSHE SHZ SEHKSZSE SHENZHEN",
        "TW": "TWSE TPE XTAI TAI TAIWAN",
        "TWO": "TPEX ROCO",
        "KS": "KRX XKRX KSC KOSPI",
        "KQ": "KOSDAQ XKOS KOE",
        "SI": "SGX XSES SES SINGAPORE",
        "KL": "MYX KLSE XKLS KLS",
        "JK": "IDX XIDX JKT",
        "BK": "SET XBKK BKK",
        "PS": "PSE XPHS",
        "AX": "ASX XASX AUSTRALIA",
        "NZ": "NZX NZE XNZE",
        "TO": "TSX XTSE TOR TRT TORONTO",
        "V": "TSXV CVE XTSX VAN VENTURE TRV",
        "CN": "CSE XCNQ CNQ",
        "NE": "NEO NEOE",
        "SA": "BMFBOVESPA BVMF B3 SAO BVSP",
        "MX": "BMV XMEX MEX",
        "SN": "BCS XSGO SGO SANTIAGO",
        "BA": "BCBA BYMA XBUE BUE",
        CRYPTO: "BINANCE BINANCEUS COINBASE KRAKEN BITSTAMP BITFINEX BYBIT OKX KUCOIN GEMINI CRYPTO CRYPTOCAP BITGET"
        " MEXC GATEIO UPBIT POLONIEX HUOBI HTX CRYPTOCOM PHEMEX CCC COINGECKO",
        PAIRS: "FX FX_IDC OANDA FOREXCOM SAXO PEPPERSTONE ICMARKETS CAPITALCOM CURRENCY IDEALPRO EIGHTCAP FXCM CCY",
        FUTURES: "COMEX NYMEX CME CME_MINI CBOT CBOT_MINI COMEX_MINI NYMEX_MINI CMEGLOBEX_GLBX ICEUS NYBOT XCME XCBT"
        " XNYM XCEC GLOBEX CFE",
        INDICES: "TVC SP DJ INDEX INDEXSP INDEXDJX INDEXNASDAQ INDEXCBOE INDEXFTSE CBOEINDEX XETR_INDEX INDEXNIKKEI"
        " INDEXHANGSENG INDEXDB INDEXEURO STOXX",
        NO_PRICES: "NFO BFO MCX CDS BCD NCDEX NSEIX NFO_FUT NSE_FO BSE_FO OPRA EUREX NSE_FUT",
    }
)

# Bloomberg's codes after a blank; its tickers are the exchange's own in these markets only.
BLOOMBERG_MARKETS = {
    "US": US, "UN": US, "UW": US, "UQ": US, "UR": US, "UA": US, "UP": US, "LN": "L", "JP": "T", "JT": "T", "HK": "HK",
    "AU": "AX", "AT": "AX", "CN": "TO", "CT": "TO", "CV": "V", "TT": "TW", "KS": "KS", "KP": "KS", "KQ": "KQ",
    "NZ": "NZ", "IN": "NS", "IS": "NS", "IB": "BO", "GR": "DE", "GY": "DE", "FP": "PA", "NA": "AS", "IM": "MI",
    "SM": "MC", "SW": "SW", "SS": "ST", "DC": "CO", "FH": "HE", "NO": "OL", "BB": "BR", "SP": "SI", "BZ": "SA",
}  # fmt: skip
BLOOMBERG_OWN_TICKERS = {"NS", "BO", "DE", "PA", "AS", "MI", "MC", "SW", "ST", "CO", "HE", "OL", "BR", "SI", "SA"}
# Interactive Brokers' codes after an at sign that mean another exchange there.
IBKR_MARKETS = {"TSE": "TO", "FWB": "F"}

# Suffixes of Yahoo whose exchange has no calendar here: their symbols are used as they are.
FURTHER_SUFFIXES = frozenset(
    "SG MU DU HM HA BE BM CN NE CL CA TL NX RG VS RO KW QA AE VN CR XC XD TI LM AQ SAU NYB CBT CMX CME NYM".split()
)
YAHOO_SUFFIXES = frozenset(EXCHANGE_BY_SUFFIX) | FURTHER_SUFFIXES | {DEMO_SUFFIX.removeprefix(".")}

_SENSEX, _NIFTY, _BANK = "^BSESN", "^NSEI", "^NSEBANK"
_WORLD = {
    "SPX": "^GSPC", "INX": "^GSPC", ".INX": "^GSPC", "US500": "^GSPC", "SPX500": "^GSPC", "DJI": "^DJI", ".DJI": "^DJI",
    "DJIA": "^DJI", "US30": "^DJI", "NDX": "^NDX", "US100": "^NDX", "IXIC": "^IXIC", ".IXIC": "^IXIC", "COMP": "^IXIC",
    "RUT": "^RUT", "VIX": "^VIX", "OEX": "^OEX", "SOX": "^SOX", "DJT": "^DJT", "DJU": "^DJU", "XAX": "^XAX",
    "US10Y": "^TNX", "US30Y": "^TYX", "US05Y": "^FVX", "TNX": "^TNX", "DXY": "DX-Y.NYB", "UKX": "^FTSE",
    "FTSE": "^FTSE", "UK100": "^FTSE", "DAX": "^GDAXI", "DEU40": "^GDAXI", "GER40": "^GDAXI", "CAC40": "^FCHI",
    "PX1": "^FCHI", "SX5E": "^STOXX50E", "EU50": "^STOXX50E", "NI225": "^N225", "NKY": "^N225", "HSI": "^HSI",
    "IBEX35": "^IBEX", "FTSEMIB": "FTSEMIB.MI", "SMI": "^SSMI", "AEX": "^AEX", "XJO": "^AXJO", "KOSPI": "^KS11",
    "TAIEX": "^TWII", "STI": "^STI", "IBOV": "^BVSP", "NIFTY": _NIFTY, "SENSEX": _SENSEX, "GOLD": "GC=F",
    "SILVER": "SI=F", "USOIL": "CL=F", "UKOIL": "BZ=F", "PLATINUM": "PL=F", "PALLADIUM": "PA=F", "COPPER": "HG=F",
    "NATURALGAS": "NG=F", "NATGAS": "NG=F",
}  # fmt: skip
_OF_INDIA = {
    "NIFTY": _NIFTY, "NIFTY50": _NIFTY, "NIFTY_50": _NIFTY, "BANKNIFTY": _BANK, "NIFTYBANK": _BANK, "NIFTY_BANK": _BANK,
    "CNXNIFTY": _NIFTY, "FINNIFTY": "NIFTY_FIN_SERVICE.NS", "CNXFINANCE": "NIFTY_FIN_SERVICE.NS",
    "NIFTY_FIN_SERVICE": "NIFTY_FIN_SERVICE.NS", "CNXIT": "^CNXIT", "NIFTYIT": "^CNXIT", "CNXAUTO": "^CNXAUTO",
    "CNXPHARMA": "^CNXPHARMA", "CNXFMCG": "^CNXFMCG", "CNXMETAL": "^CNXMETAL", "CNXENERGY": "^CNXENERGY",
    "CNXREALTY": "^CNXREALTY", "CNXMEDIA": "^CNXMEDIA", "CNXPSUBANK": "^CNXPSUBANK", "CNXINFRA": "^CNXINFRA",
    "CNX500": "^CRSLDX", "NIFTY500": "^CRSLDX", "CNX100": "^CNX100", "NIFTYJR": "^NSMIDCP", "CNX200": "^CNX200",
    "INDIAVIX": "^INDIAVIX", "MIDCPNIFTY": "NIFTY_MID_SELECT.NS",
}  # fmt: skip
_OF_THE_US = "SPX DJI NDX IXIC RUT VIX OEX SOX XAX .INX .DJI .IXIC"  # names that no American share has
INDEX_BY_MARKET: dict[str, Mapping[str, str]] = {
    INDICES: _WORLD,
    "NS": _OF_INDIA,
    "BO": {"SENSEX": _SENSEX, "BANKEX": "BSE-BANK.BO"},
    US: {name: _WORLD[name] for name in _OF_THE_US.split()},
    PAIRS: {"SPX500USD": "^GSPC", "NAS100USD": "^NDX", "US30USD": "^DJI"},
    "DE": {"DAX": "^GDAXI"},
    "L": {"UKX": "^FTSE"},
    "PA": {"PX1": "^FCHI"},
    EURONEXT: {"PX1": "^FCHI", "AEX": "^AEX"},
    "HK": {"HSI": "^HSI"},
    "T": {"NI225": "^N225"},
    "AX": {"XJO": "^AXJO"},
    "SA": {"IBOV": "^BVSP"},
}
# Names that no share has: without an exchange they are offered, as a person might mean them.
BARE_INDICES = {
    **{name: _WORLD[name] for name in ("SPX", "NDX", "DJI", "DJIA", "VIX", "IXIC", "SENSEX", "DXY")},
    **_OF_INDIA,
}

FUTURE_ROOTS = frozenset(
    "ES NQ YM RTY MES MNQ MYM M2K GC MGC SI SIL HG PL PA CL MCL QM BZ NG RB HO ZC ZS ZW ZL ZM ZO KE ZB ZN ZF ZT LE HE"
    " GF CC KC CT SB OJ LBR BTC ETH DX".split()
)
METALS = {"XAUUSD": "GC=F", "XAGUSD": "SI=F", "XPTUSD": "PL=F", "XPDUSD": "PA=F"}
"""Spot prices that Yahoo does not have, with the future of the same metal."""
# Shares whose class is written after a blank by brokers; in loose words only these are taken for one name.
CLASS_SHARES = frozenset("BRK BF HEI MOG LEN UHAL CWEN GEF AKO CRD BIO STZ HUB WSO MKC TAP PBR".split())
# NSE's symbols in which TradingView's `_` does not stand for what the rule says.
NSE_UNDERSCORES = {"GMRP_UI": "GMRP&UI", "IL_FSENGG": "IL&FSENGG", "IL_FSTRANS": "IL&FSTRANS", "COX_KINGS": "COX&KINGS",
                   "MCDOWELL_N": "MCDOWELL-N"}  # fmt: skip
