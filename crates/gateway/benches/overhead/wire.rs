//! HTTP/1.1 as the load generator reads it: by hand, for little time, and strictly.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memmem};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::Outcome;

/// A connection to the target, with one request at a time on it.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
    /// What of the buffer was read and not yet handed out.
    unread: Range<usize>,
    /// When it was read.
    at: Instant,
    expected: Expected,
}

/// What of a reply comes next.
#[derive(Clone, Copy)]
enum Expected {
    Head,
    /// This much of the body, which is all of it.
    Body(usize),
    ChunkSize,
    /// This much of a chunk.
    Chunk(usize),
    /// The line end behind a chunk.
    ChunkEnd,
    /// The line end behind the last chunk.
    LastEnd,
    /// Nothing: the reply is over.
    Nothing,
}

/// A piece of a reply's body.
pub(crate) struct Piece<'a> {
    pub(crate) bytes: &'a [u8],
    /// When it was read.
    pub(crate) at: Instant,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 32 << 10].into(),
            unread: 0..0,
            at: Instant::now(),
            expected: Expected::Nothing,
        })
    }

    pub(crate) async fn send(&mut self, request: &[u8]) -> Outcome<()> {
        if !self.unread.is_empty() {
            return Err("more came than the reply".into());
        }
        self.expected = Expected::Head;
        Ok(self.stream.write_all(request).await?)
    }

    /// The next bytes of the body; `None` at its end.
    pub(crate) async fn piece(&mut self) -> Outcome<Option<Piece<'_>>> {
        loop {
            match self.expected {
                Expected::Nothing | Expected::Body(0) => return Ok(None),
                Expected::Body(left) if !self.unread.is_empty() => {
                    let bytes = self.take(left);
                    self.expected = Expected::Body(left - bytes.len());
                    return Ok(Some(self.cut(bytes)));
                }
                Expected::Chunk(left) if !self.unread.is_empty() => {
                    let bytes = self.take(left);
                    self.expected = match left - bytes.len() {
                        0 => Expected::ChunkEnd,
                        left => Expected::Chunk(left),
                    };
                    return Ok(Some(self.cut(bytes)));
                }
                Expected::Body(_) | Expected::Chunk(_) => self.fill().await?,
                Expected::Head => match memmem::find(self.unread(), b"\r\n\r\n") {
                    Some(end) => {
                        let head = self.take(end + 4);
                        self.expected = framing(&self.buffer[head])?;
                    }
                    None => self.fill().await?,
                },
                Expected::ChunkSize | Expected::ChunkEnd | Expected::LastEnd => {
                    match memchr(b'\n', self.unread()) {
                        Some(end) => self.line(end + 1)?,
                        None => self.fill().await?,
                    }
                }
            }
        }
    }

    /// Takes one line of the chunked framing (RFC 9112, 7.1).
    fn line(&mut self, length: usize) -> Outcome<()> {
        let line = self.take(length);
        let line = self.buffer[line].trim_ascii_end();
        self.expected = match self.expected {
            Expected::ChunkSize => {
                let size = std::str::from_utf8(line)?;
                match usize::from_str_radix(size, 16)? {
                    0 => Expected::LastEnd,
                    size => Expected::Chunk(size),
                }
            }
            _ if !line.is_empty() => return Err("a chunk is longer than it says".into()),
            Expected::LastEnd => Expected::Nothing,
            _ => Expected::ChunkSize,
        };
        Ok(())
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.unread.clone()]
    }

    fn take(&mut self, most: usize) -> Range<usize> {
        let start = self.unread.start;
        self.unread.start = self.unread.end.min(start + most);
        start..self.unread.start
    }

    fn cut(&self, bytes: Range<usize>) -> Piece<'_> {
        Piece {
            bytes: &self.buffer[bytes],
            at: self.at,
        }
    }

    async fn fill(&mut self) -> Outcome<()> {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        let read = self
            .stream
            .read(&mut self.buffer[self.unread.end..])
            .await?;
        if read == 0 {
            return Err("the connection ended within a reply".into());
        }
        self.at = Instant::now();
        self.unread.end += read;
        Ok(())
    }
}

/// What the head of a reply says of its body. Any status but 200 is an error.
fn framing(head: &[u8]) -> Outcome<Expected> {
    let head = std::str::from_utf8(head)?.to_ascii_lowercase();
    if !head.starts_with("http/1.1 200 ") {
        return Err(format!("a reply is no success: {}", head.trim_end()).into());
    }
    for line in head.lines() {
        match line.split_once(':') {
            Some(("content-length", length)) => return Ok(Expected::Body(length.trim().parse()?)),
            Some(("transfer-encoding", coding)) if coding.trim() == "chunked" => {
                return Ok(Expected::ChunkSize);
            }
            _ => {}
        }
    }
    Err("a reply does not say where it ends".into())
}

/// The events of a stream, counted by the blank lines that end them.
#[derive(Default)]
pub(crate) struct Events {
    pub(crate) count: u64,
    pub(crate) bytes: u64,
    at_line_start: bool,
    /// The last bytes of the stream.
    tail: [u8; LONGEST_END],
}

impl Events {
    pub(crate) fn read(&mut self, piece: &[u8]) {
        let mut line = 0;
        for end in memchr_iter(b'\n', piece) {
            // A line without anything in it, not even in the piece before.
            if end == line && self.at_line_start {
                self.count += 1;
            }
            line = end + 1;
            self.at_line_start = true;
        }
        if line < piece.len() {
            self.at_line_start = false;
        }
        self.bytes += piece.len() as u64;
        if let Some(end) = piece.last_chunk() {
            self.tail = *end;
        } else {
            self.tail.rotate_left(piece.len());
            let kept = self.tail.len() - piece.len();
            self.tail[kept..].copy_from_slice(piece);
        }
    }

    /// Whether the last of them ended so, which says that the stream is whole.
    pub(crate) fn end_with(&self, end: &[u8]) -> bool {
        self.tail.ends_with(end)
    }
}

const LONGEST_END: usize = 32;
