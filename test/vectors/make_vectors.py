"""Made ciphertext.json, blind-index.json and keyring.json, once, from docs/ciphertext.md, docs/keyring.md and with another implementation of the
primitives than the product's (pyca/cryptography). See README.md before running it again."""
import base64, hashlib, hmac, json, unicodedata
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEYS = {"pii-v1": bytes(range(32)), "pii-v2": bytes(range(0xE0, 0x100))}
ROW = "0190a2b4-7c3e-7d51-8f00-112233445566"
OTHER_ROW = "0190a2b4-7c3e-7d51-8f00-112233445567"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NONCE = bytes(range(0xA0, 0xAC))


def hkdf(key, info, length):
    return HKDF(hashes.SHA256(), length, b"", info.encode()).derive(key)


def encode(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def seal(key, table, column, row, plaintext, nonce=NONCE):
    subkey = hkdf(KEYS[key], f"os1|{table}|{column}", 32)
    aad = bytes.fromhex(row.replace("-", ""))
    return hkdf(KEYS[key], "os1|kid", 6) + nonce + AESGCM(subkey).encrypt(nonce, plaintext, aad)


def valid(name, plaintext, key="pii-v1", table="users", column="email_encrypted", row=ROW, nonce=NONCE):
    raw = seal(key, table, column, row, plaintext, nonce)
    return {
        "name": name, "key": key, "table": table, "column": column, "row_id": row, "nonce": nonce.hex(),
        "plaintext": plaintext.hex(), "body": raw[18:-16].hex(), "tag": raw[-16:].hex(), "text": "os1_" + encode(raw),
    }


VALID = [
    valid("an e-mail address", b"minji@example.com"),
    valid("empty plaintext", b""),
    valid("one byte", b"\x00"),
    valid("one block", bytes(range(16))),
    valid("one byte more than a block", bytes(range(17))),
    valid("Hangul, emoji, leading U+FEFF", "\ufeff김민지 👩‍👩‍👧 ﷽".encode()),
    valid("decomposed Hangul stays decomposed", unicodedata.normalize("NFD", "서울").encode()),
    valid("bytes that are not UTF-8", bytes.fromhex("ff00fe80")),
    valid("300 bytes of JSON", json.dumps({"items": ["x" * 20] * 12}).encode()[:300]),
    valid("another key", b"minji@example.com", key="pii-v2"),
    valid("another column", b"+82-10-1234-5678", column="phone_encrypted"),
    valid("an audit row, bound to its trace id", b"203.0.113.7", table="audit_logs", column="ip_address_encrypted", row=TRACE),
    valid("upper case row id means the same", b"minji@example.com", row=ROW.upper()),
    valid("nonce of zeros", b"minji@example.com", nonce=bytes(12)),
]

RAW = seal("pii-v1", "users", "email_encrypted", ROW, b"minji@example.com")
TEXT = "os1_" + encode(RAW)


def flipped(position, bit=0):
    changed = bytearray(RAW)
    changed[position] ^= 1 << bit
    return "os1_" + encode(changed)


def invalid(name, fault, text=TEXT, keys=("pii-v1", "pii-v2"), table="users", column="email_encrypted", row=ROW):
    return {"name": name, "fault": fault, "keys": list(keys), "table": table, "column": column, "row_id": row, "text": text}


OTHER_KID = "os1_" + encode(hkdf(KEYS["pii-v2"], "os1|kid", 6) + RAW[6:])
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ODD = valid("", b"minji@example.kr")["text"]  # 50 bytes: the last of its characters has two bits that belong to no byte
STRAY = ODD[:-1] + ALPHABET[ALPHABET.index(ODD[-1]) + 1]
INVALID = [
    invalid("wrong key: the reader holds another one", "unknown_key", keys=["pii-v2"]),
    invalid("wrong key: the reader holds none", "unknown_key", keys=[]),
    invalid("wrong key: the kid of another key pasted in", "tag_mismatch", OTHER_KID),
    invalid("wrong row", "tag_mismatch", row=OTHER_ROW),
    invalid("wrong row: an id that is no UUID", "bad_row_id", row="42"),
    invalid("wrong row: braces around the UUID", "bad_row_id", row="{" + ROW + "}"),
    invalid("wrong row: dashes in other places", "bad_row_id", row="0190a2b47c3e-7d51-8f00-1122-33445566"),
    invalid("wrong column", "tag_mismatch", column="phone_encrypted"),
    invalid("wrong table", "tag_mismatch", table="restaurants"),
    invalid("flipped bit in the prefix", "not_ours", "ns1_" + TEXT[4:]),
    invalid("flipped bit in the version", "unknown_version", "os0_" + TEXT[4:]),
    invalid("flipped bit in the first byte of the kid", "unknown_key", flipped(0)),
    invalid("flipped bit in the last byte of the kid", "unknown_key", flipped(5, 7)),
    invalid("flipped bit in the first byte of the nonce", "tag_mismatch", flipped(6)),
    invalid("flipped bit in the last byte of the nonce", "tag_mismatch", flipped(17, 7)),
    invalid("flipped bit in the first byte of the body", "tag_mismatch", flipped(18)),
    invalid("flipped bit in the last byte of the body", "tag_mismatch", flipped(-17, 7)),
    invalid("flipped bit in the first byte of the tag", "tag_mismatch", flipped(-16)),
    invalid("flipped bit in the last byte of the tag", "tag_mismatch", flipped(-1, 7)),
    invalid("truncated: prefix only", "truncated", "os1_"),
    invalid("truncated: header only", "truncated", TEXT[:28]),
    invalid("truncated: one byte short of header and tag", "truncated", "os1_" + encode(RAW[:33])),
    invalid("truncated: the last byte is missing", "tag_mismatch", "os1_" + encode(RAW[:-1])),
    invalid("truncated: three of the last four characters are missing", "malformed", TEXT[:-3]),
    invalid("truncated: tag of 12 bytes", "tag_mismatch", "os1_" + encode(RAW[:-4])),
    invalid("extended: one byte more", "tag_mismatch", "os1_" + encode(RAW + b"\0")),
    invalid("unknown version: os2", "unknown_version", "os2_" + TEXT[4:]),
    invalid("unknown version: os10", "unknown_version", "os10_" + TEXT[4:]),
    invalid("malformed: padding", "malformed", TEXT + "="),
    invalid("malformed: standard base64 alphabet", "malformed", TEXT[:20] + "+" + TEXT[21:]),
    invalid("malformed: white space at the end", "malformed", TEXT + "\n"),
    invalid("malformed: stray bits in the last character", "malformed", STRAY),
    invalid("malformed: a length no encoding has", "malformed", TEXT + "A"),
    invalid("not ours: plaintext", "not_ours", "minji@example.com"),
    invalid("not ours: no address", "not_ours", "none"),
    invalid("not ours: upper case prefix", "not_ours", "OS1_" + TEXT[4:]),
    invalid("not ours: white space in front", "not_ours", " " + TEXT),
    invalid("not ours: another tool's value", "not_ours", "v1.aesgcm256.d9a3f27e.UEsDBBQ.AAAA"),
    invalid("empty", "empty", ""),
]

derived = lambda k: {"data_key": k.hex(), "kid": encode(hkdf(k, "os1|kid", 6)), "commitment": hkdf(k, "os1|commit", 32).hex(),
                     "subkey_users_email_encrypted": hkdf(k, "os1|users|email_encrypted", 32).hex()}
INDEX_KEY = bytes(range(0x40, 0x60))
CASES = [
    ("email", "minji@example.com", "minji@example.com"), ("email", "  Minji@Example.COM\t\n", "minji@example.com"),
    ("email", "\u00a0김민지@예시.한국\ufeff", "김민지@예시.한국"), ("email", unicodedata.normalize("NFD", "é김@x.fr"), "é김@x.fr"),
    ("email", "İ@x.tr", "i̇@x.tr"), ("email", "ΟΔΟΣ@x.gr", "οδος@x.gr"),
    ("ip", "203.0.113.7", "203.0.113.7"), ("ip", " ::FFFF:203.0.113.7 ", "203.0.113.7"), ("ip", "::ffff:cb00:7107", "203.0.113.7"),
    ("ip", "2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("ip", "::1", "::1"), ("ip", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("external_id", " toss_Abc-123 ", "toss_Abc-123"), ("external_id", "toss_abc-123", "toss_abc-123"),
    ("rate_limit", "::ffff:203.0.113.7", "203.0.113.7"), ("rate_limit", "203.0.113.7", "203.0.113.7"),
    ("rate_limit", ROW, ROW), ("rate_limit", "global", "global"),
]
REFUSED = [("email", " "), ("email", ""), ("ip", ""), ("ip", "203.0.113.07"), ("ip", "203.0.113.256"), ("ip", "203.0.113"), ("ip", "203.0.113.7."),
           ("ip", "203.0.113.7/32"), ("ip", "[::1]"), ("ip", "fe80::1%eth0"), ("ip", "::1::"), ("ip", "none"), ("ip", "3405803783"), ("external_id", "\t")]


def index(purpose, value, canonical):
    key = hkdf(INDEX_KEY, f"os1-index|{purpose}", 32)
    return {"purpose": purpose, "value": value, "canonical": canonical, "index": hmac.digest(key, canonical.encode(), hashlib.sha256).hex()}


def write(path, document):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2, ensure_ascii=True)
        file.write("\n")


write("ciphertext.json", {"format": "os1", "keys": {n: derived(k) for n, k in KEYS.items()}, "valid": VALID, "invalid": INVALID})
write("blind-index.json", {"index_key": INDEX_KEY.hex(), "cases": [index(*c) for c in CASES],
                           "refused": [{"purpose": p, "value": v} for p, v in REFUSED]})


PASSPHRASE = unicodedata.normalize("NFD", "열쇠꾸러미를 여는 암호")
KDF = {"name": "scrypt", "N": 16384, "r": 8, "p": 1, "salt": base64.b64encode(bytes(range(0x10, 0x20))).decode()}
MASTER = hashlib.scrypt(unicodedata.normalize("NFC", PASSPHRASE).encode(), salt=bytes(range(0x10, 0x20)), n=16384, r=8, p=1, dklen=32, maxmem=2**26)
KEKS = {"kek-0123456789abcdef": bytes(range(0x60, 0x80)), "kek-fedcba9876543210": bytes(range(0x80, 0xA0))}
CONTEXT = {"app": "ordersync", "use": "data-key", "key_type": "pii", "version": "1"}


def wrap(key, plaintext, aad, nonce):
    return nonce + AESGCM(key).encrypt(nonce, plaintext, aad.encode())


def compact(document):
    return json.dumps(document, separators=(",", ":"))


def keyring():
    wrap_key = hkdf(MASTER, "ordersync-keyring-1|wrap", 32)
    keys = [
        {"id": i, "created_at": "2026-01-02T03:04:05.000Z",
         "wrapped": base64.b64encode(wrap(wrap_key, k, f"ordersync-keyring-1|key|{i}", bytes([n]) * 12)).decode()}
        for n, (i, k) in enumerate(KEKS.items())
    ]
    check = base64.b64encode(hkdf(MASTER, "ordersync-keyring-1|check", 16)).decode()
    file = {"format": "ordersync-keyring", "version": 1, "kdf": KDF, "check": check, "keys": keys}
    file["mac"] = hmac.digest(hkdf(MASTER, "ordersync-keyring-1|mac", 32), compact(file).encode(), hashlib.sha256).hex()
    file["checksum"] = hashlib.sha256(compact(file).encode()).hexdigest()
    return file


def wrapped(kek, data_key):
    bound = f"ordersync-keyring-1|data|{kek}|" + compact(sorted([k, v] for k, v in CONTEXT.items()))
    return base64.b64encode(b"\x01" + wrap(KEKS[kek], data_key, bound, b"\x07" * 12)).decode()


write("keyring.json", {
    "passphrase": PASSPHRASE, "keys": {i: k.hex() for i, k in KEKS.items()}, "file": keyring(),
    "context": CONTEXT, "data_key": KEYS["pii-v1"].hex(), "wrapped": {i: wrapped(i, KEYS["pii-v1"]) for i in KEKS},
})
