"""Decrypts one os1 value, written from docs/ciphertext.md alone with nothing but Python's standard library.
usage: read_ciphertext.py <table> <column> <row id>   (standard input: the data key in hex, then the stored text)"""
import base64, hmac, sys

def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))
def hkdf(key, info, length):  # RFC 5869 with an empty salt; one block is enough for 32 bytes
    return hmac.digest(hmac.digest(bytes(32), key, "sha256"), info.encode() + b"\x01", "sha256")[:length]

def times(a, b):  # multiplication in the field of AES
    return (b and times(a << 1 ^ 0x11B * (a >> 7), b >> 1)) ^ a * (b & 1)
def substitute(byte):  # FIPS 197, 5.1.1: the inverse, then the sum of its rotations
    x = next((x for x in range(256) if times(byte, x) == 1), 0) * 0x101
    return (x ^ x >> 4 ^ x >> 5 ^ x >> 6 ^ x >> 7) & 255 ^ 0x63
SBOX = bytes(map(substitute, range(256)))
def aes(key, block):  # FIPS 197, 5.1 and 5.2
    words = [key[i : i + 4] for i in range(0, 32, 4)]
    for i in range(8, 60):
        word = words[-1] if i % 4 else words[-1].translate(SBOX)
        words.append(xor(words[-8], word if i % 8 else xor(word[1:] + word[:1], bytes([1 << i // 8 - 1, 0, 0, 0]))))
    state = xor(block, b"".join(words[:4]))
    for n in range(1, 15):
        s = bytes(SBOX[state[5 * i % 16]] for i in range(16))
        c = [s[i & 12 :][:4] * 2 for i in range(16)]
        mixed = [times(c[i][i % 4], 2) ^ times(c[i][i % 4 + 1], 3) ^ c[i][i % 4 + 2] ^ c[i][i % 4 + 3] for i in range(16)]
        state = xor(mixed if n < 14 else s, b"".join(words[4 * n : 4 * n + 4]))
    return state

def gcm(key, nonce, aad, body):  # SP 800-38D, 6.4 and 6.5
    stream = [aes(key, nonce + n.to_bytes(4, "big")) for n in range(1, 3 + len(body) // 16)]
    data = aad + body + bytes(-len(body) % 16) + (len(aad) * 8 << 64 | len(body) * 8).to_bytes(16, "big")
    h, y = int.from_bytes(aes(key, bytes(16)), "big"), 0
    for i in range(0, len(data), 16):
        x, v, y = y ^ int.from_bytes(data[i : i + 16], "big"), h, 0
        for bit in range(127, -1, -1):
            y, v = y ^ v * (x >> bit & 1), v >> 1 ^ (0xE1 << 120) * (v & 1)
    return xor(y.to_bytes(16, "big"), stream[0]), xor(body, b"".join(stream[1:]))

(data_key, text), (table, column, row_id) = sys.stdin.read().split(), sys.argv[1:]
raw, data_key = base64.urlsafe_b64decode(text[4:] + "=" * (-len(text) % 4)), bytes.fromhex(data_key)
assert text.startswith("os1_") and raw[:6] == hkdf(data_key, "os1|kid", 6), "not a value of this key"
subkey = hkdf(data_key, f"os1|{table}|{column}", 32)
tag, plaintext = gcm(subkey, raw[6:18], bytes.fromhex(row_id.replace("-", "")), raw[18:-16])
assert hmac.compare_digest(tag, raw[-16:]), "tag mismatch"
sys.stdout.buffer.write(plaintext)
