//! Unpacks request bodies, within a bound on what they unpack to.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// A packed body larger than this is unpacked off the runtime's threads.
const INLINE: usize = 64 << 10;

/// Why a body cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An encoding that is not known here.
    #[error("the content encoding {0:?} is not supported: use gzip, deflate, br, zstd, or none")]
    Unsupported(String),
    /// It unpacks to more than is allowed.
    #[error("the body unpacks to more than {0} bytes")]
    TooLarge(u64),
    /// It is not what it says.
    #[error("the body is not valid {encoding}: {error}")]
    Broken {
        /// What it says to be.
        encoding: String,
        /// Why it is not.
        error: io::Error,
    },
}

/// Unpacks `body` from the value of its `content-encoding` header, the last
/// encoding first (RFC 9110, 8.4), to at most `most` bytes.
///
/// # Errors
/// If it cannot be, or is too large.
pub async fn inflate(encodings: &str, body: Bytes, most: u64) -> Result<Bytes, Error> {
    let encodings: Vec<String> = encodings
        .split(',')
        .map(|encoding| encoding.trim().to_ascii_lowercase())
        .filter(|encoding| !encoding.is_empty() && encoding != "identity")
        .collect();
    let packed = body.len();
    let unpack = move || {
        encodings.iter().rev().try_fold(body, |body, encoding| {
            layer(encoding, &body, most).map(Bytes::from)
        })
    };
    if packed <= INLINE {
        return unpack();
    }
    tokio::task::spawn_blocking(unpack)
        .await
        .unwrap_or_else(|error| {
            let error = io::Error::other(error);
            let encoding = "data".to_owned();
            Err(Error::Broken { encoding, error })
        })
}

fn layer(encoding: &str, body: &[u8], most: u64) -> Result<Vec<u8>, Error> {
    let unpacked = match encoding {
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(body), most),
        // By the RFC this is zlib's format; some send the bare one.
        "deflate" => match read(ZlibDecoder::new(body), most) {
            Err(error) if error.kind() != io::ErrorKind::FileTooLarge => {
                read(DeflateDecoder::new(body), most)
            }
            unpacked => unpacked,
        },
        "br" => read(brotli::Decompressor::new(body, 4096), most),
        "zstd" => zstd::Decoder::with_buffer(body).and_then(|decoder| read(decoder, most)),
        other => return Err(Error::Unsupported(other.to_owned())),
    };
    unpacked.map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => Error::TooLarge(most),
        _ => Error::Broken {
            encoding: encoding.to_owned(),
            error,
        },
    })
}

fn read(decoder: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    decoder
        .take(most.saturating_add(1))
        .read_to_end(&mut unpacked)?;
    if unpacked.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn all(mut reader: impl Read) -> Bytes {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes.into()
    }

    fn packed(encoding: &str, body: &[u8]) -> Bytes {
        let level = Compression::default();
        match encoding {
            "gzip" => all(GzEncoder::new(body, level)),
            "deflate" => all(ZlibEncoder::new(body, level)),
            "raw" => all(DeflateEncoder::new(body, level)),
            "br" => all(brotli::CompressorReader::new(body, 4096, 5, 20)),
            _ => zstd::encode_all(body, 3).unwrap().into(),
        }
    }

    #[tokio::test]
    async fn each_encoding_unpacks() {
        let body = b"{\"model\":\"gpt-4o\"}".repeat(100);
        for (name, encoding) in [
            ("gzip", "gzip"),
            ("deflate", "deflate"),
            ("deflate", "raw"),
            ("br", "br"),
            ("ZSTD", "zstd"),
        ] {
            let unpacked = inflate(name, packed(encoding, &body), 1 << 20)
                .await
                .unwrap();
            assert_eq!(unpacked, body, "{encoding}");
        }
        let twice = packed("br", &packed("gzip", &body));
        assert_eq!(inflate("gzip, br", twice, 1 << 20).await.unwrap(), body);
        assert_eq!(
            inflate("identity", body.clone().into(), 1).await.unwrap(),
            body
        );
    }

    #[tokio::test]
    async fn a_bomb_is_stopped_at_the_bound() {
        let zeros = vec![0; 4 << 20];
        for encoding in ["gzip", "deflate", "br", "zstd"] {
            let error = inflate(encoding, packed(encoding, &zeros), 1 << 20)
                .await
                .unwrap_err();
            assert!(matches!(error, Error::TooLarge(_)), "{encoding}: {error}");
        }
    }

    #[tokio::test]
    async fn what_is_no_valid_body_says_so() {
        for encoding in ["gzip", "deflate", "br", "zstd"] {
            let error = inflate(encoding, Bytes::from_static(b"\xff\xffplain"), 100)
                .await
                .unwrap_err();
            assert!(matches!(error, Error::Broken { .. }), "{encoding}: {error}");
        }
        let error = inflate("lzma", Bytes::new(), 100).await.unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)), "{error}");
    }
}
