//! Checksums of uploads.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{body, error};
use crate::http::{Request, Response, hex};

pub(super) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// A digest as S3 writes tags.
pub(super) fn quoted(digest: &[u8; 16]) -> String {
    format!("\"{}\"", hex(digest))
}

/// A quoted MD5, as S3 tags objects that came in one piece.
pub(crate) fn etag(bytes: &[u8]) -> String {
    quoted(&md5(bytes))
}

/// MD5 of the digests of parts, with their number.
pub(super) fn etag_of_parts<'a>(digests: impl Iterator<Item = &'a [u8; 16]>) -> String {
    let (mut all, mut number) = (Md5::new(), 0);
    for digest in digests {
        all.update(digest);
        number += 1;
    }
    format!("\"{}-{number}\"", hex(&all.finalize()))
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

/// The checksum that a header names, as it is written there.
fn named(name: &str, bytes: &[u8]) -> Option<String> {
    Some(match name {
        "crc32" => base64(&(crc(bytes, 0xedb8_8320, 32) as u32).to_be_bytes()),
        "crc32c" => base64(&(crc(bytes, 0x82f6_3b78, 32) as u32).to_be_bytes()),
        "crc64nvme" => base64(&crc(bytes, 0x9a6c_9329_ac4b_c9b5, 64).to_be_bytes()),
        "sha1" => base64(&Sha1::digest(bytes)),
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
        assert_eq!(named("sha1", b"abc").as_deref(), Some("qZk+NkcGgWq6PiVxeFDCbJzQ2J0="));
        assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
        assert_eq!(etag(b""), "\"d41d8cd98f00b204e9800998ecf8427e\"");
    }
}
