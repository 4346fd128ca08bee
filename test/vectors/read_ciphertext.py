"""Decrypts one os1 value, written from docs/ciphertext.md alone with nothing but Python's standard library.
usage: read_ciphertext.py <table> <column> <row id>   (standard input: the data key in hex, then the stored text)"""
import base64, hmac, sys

def hkdf(key, info, length):  # RFC 5869 with an empty salt; one block is enough for 32 bytes
    return hmac.digest(hmac.digest(bytes(32), key, "sha256"), info.encode() + b"\x01", "sha256")[:length]

def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))

def times(a, b):  # multiplication in the field of AES
    return (b and times(a << 1 ^ 0x11B * (a >> 7), b >> 1)) ^ a * (b & 1)

def substitute(byte):  # FIPS 197, 5.1.1: the inverse, then the sum of its rotations
    x = next((x for x in range(256) if times(byte, x) == 1), 0) * 0x101
    return (x ^ x >> 4 ^ x >> 5 ^ x >> 6 ^ x >> 7) & 255 ^ 0x63
SBOX = bytes(map(substitute, range(256)))

def expand(key):  # FIPS 197, 5.2: 15 round keys
    words = [key[i : i + 4] for i in range(0, 32, 4)]
    for i in range(8, 60):
        word = words[-1] if i % 4 else words[-1].translate(SBOX)
        if i % 8 == 0:
            word = xor(word[1:] + word[:1], bytes([1 << i // 8 - 1, 0, 0, 0]))
        words.append(xor(words[-8], word))
    return [b"".join(words[i : i + 4]) for i in range(0, 60, 4)]

def aes(keys, block):  # FIPS 197, 5.1
    state = xor(block, keys[0])
    for n in range(1, 15):
        s = bytes(SBOX[state[(5 * i) % 16]] for i in range(16))
        c = [s[i & 12 :][:4] * 2 for i in range(16)]
        mixed = [times(c[i][i % 4], 2) ^ times(c[i][i % 4 + 1], 3) ^ c[i][i % 4 + 2] ^ c[i][i % 4 + 3] for i in range(16)]
        state = xor(mixed if n < 14 else s, keys[n])
    return state

def ghash(h, data):  # SP 800-38D, 6.4
    y = 0
    for i in range(0, len(data), 16):
        x, v, y = y ^ int.from_bytes(data[i : i + 16], "big"), h, 0
        for bit in range(127, -1, -1):
            y, v = y ^ v * (x >> bit & 1), v >> 1 ^ (0xE1 << 120) * (v & 1)
    return y.to_bytes(16, "big")

def keystream(keys, nonce, first, data):  # SP 800-38D, 6.5
    blocks = range(first, first + (len(data) + 15) // 16)
    return xor(data, b"".join(aes(keys, nonce + n.to_bytes(4, "big")) for n in blocks))

def decrypt(data_key, table, column, row_id, text):
    raw = base64.urlsafe_b64decode(text[4:] + "=" * (-len(text) % 4))
    kid, nonce, body, tag, aad = raw[:6], raw[6:18], raw[18:-16], raw[-16:], bytes.fromhex(row_id.replace("-", ""))
    assert text.startswith("os1_") and kid == hkdf(data_key, "os1|kid", 6), "not a value of this key"
    keys = expand(hkdf(data_key, f"os1|{table}|{column}", 32))
    sealed = aad + body + bytes(-len(body) % 16) + (8 * len(aad)).to_bytes(8, "big") + (8 * len(body)).to_bytes(8, "big")
    digest = ghash(int.from_bytes(aes(keys, bytes(16)), "big"), sealed)
    assert hmac.compare_digest(tag, keystream(keys, nonce, 1, digest)), "tag mismatch"
    return keystream(keys, nonce, 2, body)

data_key, text = sys.stdin.read().split()
sys.stdout.buffer.write(decrypt(bytes.fromhex(data_key), *sys.argv[1:4], text))
