//! Checksums of uploads.

use md5::Md5;
use sha2::{Digest, Sha256};

use super::{body, error};
use crate::http::{Request, Response, hex};

/// A quoted MD5, as S3 tags objects that came in one piece.
pub(crate) fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", hex(&Md5::digest(bytes)))
}

/// MD5 of the digests of parts, with their number.
pub(super) fn etag_of_parts(parts: &[&[u8]]) -> String {
    let mut all = Md5::new();
    for part in parts {
        all.update(Md5::digest(part));
    }
    format!("\"{}-{}\"", hex(&all.finalize()), parts.len())
}

/// A reflected cyclic redundancy check; the width is that of the polynomial's highest bit.
fn crc(bytes: &[u8], polynomial: u64, width: u32) -> u64 {
    let ones = u64::MAX >> (64 - width);
    let mut table = [0u64; 256];
    for (byte, cell) in table.iter_mut().enumerate() {
        let mut value = byte as u64;
        for _ in 0..8 {
            value = if value & 1 == 1 { value >> 1 ^ polynomial } else { value >> 1 };
        }
        *cell = value;
    }
    let all = bytes.iter().fold(ones, |crc, b| table[((crc ^ u64::from(*b)) & 0xff) as usize] ^ crc >> 8);
    all ^ ones
}

/// SHA-1, which clients may still choose. Source: RFC 3174.
fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64) - 8, 0);
    padded.extend((bytes.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut w = [0u32; 80];
        for (word, four) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = four.iter().fold(0, |all, b| all << 8 | u32::from(*b));
        }
        for t in 16..80 {
            w[t] = (w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (t, word) in w.iter().enumerate() {
            let (f, k) = match t / 20 {
                0 => (b & c | !b & d, 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut out = [0; 20];
    for (four, word) in out.chunks_exact_mut(4).zip(state) {
        four.copy_from_slice(&word.to_be_bytes());
    }
    out
}

/// The checksum that a header names, as it is written there.
fn named(name: &str, bytes: &[u8]) -> Option<String> {
    Some(match name {
        "crc32" => base64(&(crc(bytes, 0xedb8_8320, 32) as u32).to_be_bytes()),
        "crc32c" => base64(&(crc(bytes, 0x82f6_3b78, 32) as u32).to_be_bytes()),
        "crc64nvme" => base64(&crc(bytes, 0x9a6c_9329_ac4b_c9b5, 64).to_be_bytes()),
        "sha1" => base64(&sha1(bytes)),
        "sha256" => base64(&Sha256::digest(bytes)),
        _ => return None,
    })
}

/// Checksums of a request that hold for its bytes, to be repeated in the answer.
pub(super) fn verified(request: &Request, bytes: &[u8]) -> Result<Vec<(String, String)>, Response> {
    let mut out = Vec::new();
    for name in ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] {
        let header = format!("x-amz-checksum-{name}");
        let Some(given) = body::header_or_trailer(request, &header) else { continue };
        if named(name, bytes).as_deref() != Some(given.as_str()) {
            let message =
                format!("The {} you specified did not match the calculated checksum.", name.to_uppercase());
            return Err(error(400, "BadDigest", &message));
        }
        out.push((header, given));
    }
    if let Some(given) = request.header("content-md5")
        && base64(&Md5::digest(bytes)) != given
    {
        return Err(error(400, "BadDigest", "The Content-MD5 you specified did not match what we received."));
    }
    let hash = request.header("x-amz-content-sha256").filter(|h| h.len() == 64);
    if hash.is_some_and(|h| h != hex(&Sha256::digest(&request.body))) {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return Err(error(400, "XAmzContentSHA256Mismatch", message));
    }
    Ok(out)
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * i) & 63) as usize] as char;
            out.push(if i > chunk.len() { '=' } else { letter });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_of_the_standard_text() {
        let text = b"123456789";
        assert_eq!(crc(text, 0xedb8_8320, 32), 0xcbf4_3926);
        assert_eq!(crc(text, 0x82f6_3b78, 32), 0xe306_9283);
        assert_eq!(crc(text, 0x9a6c_9329_ac4b_c9b5, 64), 0xae8b_1486_0a79_9888);
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex(&sha1(&[b'a'; 119])), "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56");
        assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
        assert_eq!(etag(b""), "\"d41d8cd98f00b204e9800998ecf8427e\"");
    }
}
