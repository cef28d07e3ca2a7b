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
        "NS": "NSE XNSE NSI NSE_EQ NSEEQ NSECM NSE_CM NSEINDIA NATIONALSTOCKEXCHANGE NSESME SME INDEXNSE",
        "BO": "BSE XBOM BOM BSE_EQ BSEEQ BSECM BSE_CM BSEINDIA BSELTD BOMBAYSTOCKEXCHANGE INDEXBOM BSESME",
        US: "NASDAQ NYSE AMEX NYSEARCA NYSEAMERICAN NYSEMKT ARCA BATS CBOE OTC OTCMKTS OTCBB PINK US USA UNITEDSTATES"
        " XNAS XNGS XNMS XNCM XNYS XASE ARCX BATO OTCM NMS NGM NCM NYQ ASE PCX BTS PNK NAS NYS NASDAQGS NASDAQGM"
        " NASDAQCM NASDAQNM NSQ NYSEARCAETF OQ ISLAND NASDAQGLOBALSELECT NASDAQGLOBALSELECTMARKET NASDAQGLOBALMARKET"
        " NASDAQCAPITALMARKET NASDAQSTOCKMARKET NASDAQSTOCKEXCHANGE NEWYORKSTOCKEXCHANGE NEWYORK NYSENASDAQ CBOEBZX"
        " NDQ NSY OTCMARKETS",
        "L": "LSE LON LN XLON LSEETF UK LONDON AIM",
        "IL": "LSIN IOB LSEIOB1",
        "DE": "XETR ETR XETRA GER DEX IBIS IBIS2 DEUTSCHEBÖRSEXETRA DEUTSCHEBÖRSE XETRADEUTSCHEBÖRSE XET",
        "F": "FWB FRA XFRA FRK FRANKFURT FWB2",
        "SG": "SWB SWB2 XSTU STU",
        "BE": "BER XBER",
        "MU": "MUN XMUN",
        "DU": "DUS XDUS",
        "HM": "HAM XHAM",
        "HA": "HAN XHAN",
        "PA": "EPA XPAR PAR SBF PARIS EURONEXTGROWTHPARIS",
        "AS": "AMS XAMS EAM AEB AMSTERDAM",
        "BR": "EBR XBRU BRU BRUSSELS",
        "LS": "ELI XLIS LIS LISBON",
        "IR": "ISE XDUB DUBLIN",
        EURONEXT: "EURONEXT ENX",
        "MC": "BME XMAD MCE BMAD MADRID BOLSASYMERCADOSESPAÑOLES",
        "MI": "MIL BIT XMIL BVME MTAA MILAN EURONEXTMILAN EURONEXTGROWTHMILAN",
        "SW": "SIX SWX VTX XSWX XVTX EBS SIX_SWX SWISSEXCHANGE",
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
        "T": "TSE TYO XTKS JPX TSEJ TOKYOSTOCKEXCHANGE",
        "HK": "HKEX HKG XHKG SEHK HONGKONGSTOCKEXCHANGE HONGKONGEXCHANGE",
        "SS": "SSE SHA SH XSHG SHH SEHKNTL SHANGHAISTOCKEXCHANGE",
        "SZ": "SZSE SHE XSHE SHZ SEHKSZSE SHENZHENSTOCKEXCHANGE",
        "TW": "TWSE TPE XTAI TAI TAIWAN",
        "TWO": "TPEX ROCO",
        "KS": "KRX XKRX KSC KOSPI",
        "KQ": "KOSDAQ XKOS KOE",
        "SI": "SGX XSES SES SINGAPORE",
        "KL": "MYX KLSE XKLS KLS",
        "JK": "IDX XIDX JKT",
        "BK": "SET XBKK BKK",
        "PS": "PSE XPHS",
        "AX": "ASX XASX AUSTRALIANSECURITIESEXCHANGE",
        "NZ": "NZX NZE XNZE",
        "TO": "TSX XTSE TOR TRT TORONTOSTOCKEXCHANGE",
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
        INDICES: "TVC SP DJ INDEX NSE_INDEX BSE_INDEX INDEXSP INDEXDJX INDEXNASDAQ INDEXCBOE INDEXFTSE CBOEINDEX"
        " XETR_INDEX INDEXNIKKEI INDEXHANGSENG INDEXDB INDEXEURO STOXX",
        NO_PRICES: "NFO BFO MCX CDS BCD NCDEX NSEIX NFO_FUT NSE_FO BSE_FO MCX_FO NCD_FO BCD_FO NSEFO BSEFO OPRA EUREX"
        " NSE_FUT",
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

# Before a dot, as Futu writes them.
FUTU_MARKETS = {"US": US, "HK": "HK", "SH": "SS", "SZ": "SZ"}
# Codes of countries, before the rest of an ISIN and after a dash in FactSet's symbols, and the market of most shares.
MARKET_BY_COUNTRY = {
    "IN": "NSE", "US": "US", "GB": "LSE", "CA": "TSX", "AU": "ASX", "JP": "TSE", "HK": "HKEX", "CH": "SIX",
    "SE": "STOCKHOLM", "DK": "COPENHAGEN", "FI": "HELSINKI", "NO": "OSLO", "PL": "WARSAW", "BR": "B3", "ZA": "JSE",
    "SG": "SGX", "DE": "XETRA", "FR": "PARIS", "NL": "AMSTERDAM", "BE": "BRUSSELS", "PT": "LISBON", "ES": "MADRID",
    "IT": "MILAN", "AT": "VIENNA", "NZ": "NZX", "MX": "BMV",
}  # fmt: skip
MARKET_BY_CURRENCY = {
    "INR": "NSE", "USD": "US", "GBP": "LSE", "GBp": "LSE", "JPY": "TSE", "HKD": "HKEX", "AUD": "ASX", "CAD": "TSX",
    "CHF": "SIX", "SEK": "STOCKHOLM", "DKK": "COPENHAGEN", "NOK": "OSLO", "PLN": "WARSAW", "BRL": "B3", "ZAR": "JSE",
    "ZAc": "JSE", "SGD": "SGX", "SAR": "TADAWUL", "NZD": "NZX", "MXN": "BMV", "TRY": "ISTANBUL",
}  # fmt: skip

FUTURE_ROOTS = frozenset(
    "ES NQ YM RTY MES MNQ MYM M2K GC MGC SI SIL HG PL PA CL MCL QM BZ NG RB HO ZC ZS ZW ZL ZM ZO KE ZB ZN ZF ZT LE HE"
    " GF CC KC CT SB OJ LBR BTC ETH DX".split()
)
METALS = {"XAUUSD": "GC=F", "XAGUSD": "SI=F", "XPTUSD": "PL=F", "XPDUSD": "PA=F"}
"""Spot prices that Yahoo does not have, with the future of the same metal."""
# Cryptocurrencies that are one beyond doubt before a currency without a sign between them, as in BTCUSD.
COINS = frozenset(
    "BTC ETH XRP SOL ADA DOGE BNB LTC BCH DOT AVAX LINK XLM TRX ETC ATOM ALGO XMR FIL EOS XTZ NEAR AAVE MKR SHIB VET"
    " ICP HBAR DASH ZEC NEO CRO QNT SAND MANA AXS KSM BAT SNX YFI UNI PEPE APT SUI TON GRT"
    " COMP IMX POL STX ARB TAO".split()
)
YAHOO_COINS = {
    "UNI": "UNI7083", "PEPE": "PEPE24478", "APT": "APT21794", "SUI": "SUI20947", "TON": "TON11419", "GRT": "GRT6719",
    "COMP": "COMP5692", "IMX": "IMX10603", "POL": "POL28321", "STX": "STX4847", "ARB": "ARB11841", "TAO": "TAO22974",
}  # fmt: skip
"""Cryptocurrencies that Yahoo numbers, because another one has their plain name."""
# Shares whose class is written after a blank by brokers; in loose words only these are taken for one name.
CLASS_SHARES = frozenset("BRK BF HEI MOG LEN UHAL CWEN GEF AKO CRD BIO STZ HUB WSO MKC TAP PBR".split())
# Classes that some brokers write without a sign.
JOINED_CLASSES = {"BRKA": "BRK-A", "BRKB": "BRK-B", "BFA": "BF-A", "BFB": "BF-B"}
# NSE's symbols in which TradingView's `_` does not stand for what the rule says.
NSE_UNDERSCORES = {"GMRP_UI": "GMRP&UI", "IL_FSENGG": "IL&FSENGG", "IL_FSTRANS": "IL&FSTRANS", "COX_KINGS": "COX&KINGS",
                   "MCDOWELL_N": "MCDOWELL-N"}  # fmt: skip
