//! What a streamed reply tells in passing: its usage, its errors, its end.
//!
//! Bytes are handed on as they came, cut at the ends of events, so that a
//! keep-alive comment or an error of our own can stand between any two of
//! them. The one thing ever taken out is the usage chunk that the router, not
//! the client, asked for.

use bytes::{Bytes, BytesMut};
use dialect::chat::Chunk;
use dialect::chunk;
use dialect::sealed::Seals;
use dialect::sse::{Event, event_end, resume};
use dialect::{Dialect, Usage};

/// An event larger than this is handed on in pieces and no longer looked at.
const LARGEST_EVENT: usize = 8 << 20;

/// Watches one stream of events.
pub struct Tap {
    dialect: Dialect,
    /// The beginning of an event whose end has not come.
    held: BytesMut,
    /// How far `held` has been searched for its end.
    searched: usize,
    strip_usage: bool,
    usage: Usage,
    seals: Seals,
    begun: bool,
    finished: bool,
    done: bool,
    error: Option<Bytes>,
}

impl Tap {
    /// Of a stream of `dialect`; `strip_usage` takes out Chat's extra usage chunk.
    pub fn new(dialect: Dialect, strip_usage: bool) -> Self {
        Self {
            dialect,
            held: BytesMut::new(),
            searched: 0,
            strip_usage,
            usage: Usage::default(),
            seals: Seals::new(dialect),
            begun: false,
            finished: false,
            done: false,
            error: None,
        }
    }

    /// Takes a frame and gives what can be handed on: whole events.
    pub fn feed(&mut self, frame: Bytes) -> Bytes {
        let mut from = 0;
        let bytes = if self.held.is_empty() {
            frame
        } else {
            self.held.extend_from_slice(&frame);
            // An event in many frames is gathered in place, not copied each time.
            if self.held.len() <= LARGEST_EVENT && event_end(&self.held, self.searched).is_none() {
                self.searched = resume(self.held.len());
                return Bytes::new();
            }
            from = self.searched;
            self.held.split().freeze()
        };
        let mut out = Out::default();
        let mut start = 0;
        while let Some(end) = event_end(&bytes[start..], from) {
            let end = start + end;
            if self.keeps(&bytes[start..end]) {
                out.keep(start, end);
            } else {
                out.drop_before(&bytes, end);
            }
            (start, from) = (end, 0);
        }
        let rest = bytes.len() - start;
        if rest > LARGEST_EVENT {
            out.keep(start, bytes.len());
        } else if rest > 0 {
            self.held.extend_from_slice(&bytes[start..]);
            self.searched = resume(rest);
        }
        out.into_bytes(&bytes)
    }

    /// What is left when the upstream has ended: an event without its blank
    /// line.
    pub fn finish(&mut self) -> Bytes {
        let rest = self.held.split().freeze();
        if rest.is_empty() || self.keeps(&rest) {
            rest
        } else {
            Bytes::new()
        }
    }

    /// What the upstream speaks.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The usage told so far.
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// What the reply has sealed so far.
    pub const fn seals(&self) -> &Seals {
        &self.seals
    }

    /// Whether the reply itself has begun, after comments and preambles.
    pub const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether the reply has said its last word, `[DONE]`.
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// Whether the reply says that it is whole: `[DONE]`, or at least a
    /// reason why it finished.
    pub const fn is_whole(&self) -> bool {
        self.done || self.finished
    }

    /// The first error event's JSON.
    pub const fn error(&self) -> Option<&Bytes> {
        self.error.as_ref()
    }

    /// Looks at one event and tells whether the client is to see it.
    fn keeps(&mut self, event: &[u8]) -> bool {
        let Some(data) = Event::parse(event).data else {
            return true;
        };
        self.seals.event(&data);
        match chunk::read(self.dialect, &data) {
            Chunk::Content { finish, usage } => {
                self.begun = true;
                self.finished |= finish;
                self.usage.merge(usage.unwrap_or_default());
            }
            Chunk::Preamble => {}
            Chunk::Start { usage } => self.usage.merge(usage.unwrap_or_default()),
            Chunk::Last { usage } => {
                self.begun = true;
                self.done = true;
                self.usage.merge(usage.unwrap_or_default());
            }
            Chunk::Usage(usage) => {
                self.usage.merge(usage);
                return !self.strip_usage;
            }
            Chunk::Error => {
                self.error
                    .get_or_insert_with(|| Bytes::copy_from_slice(&data));
            }
            Chunk::Done => {
                self.begun = true;
                self.done = true;
            }
        }
        true
    }
}

/// What of a frame is handed on. One range of it in all but the rarest case,
/// and then no byte is copied.
#[derive(Default)]
struct Out {
    copied: BytesMut,
    start: usize,
    end: usize,
}

impl Out {
    fn keep(&mut self, start: usize, end: usize) {
        if self.end != start {
            self.start = start;
        }
        self.end = end;
    }

    /// An event that ends at `end` is left out: what was kept goes aside.
    fn drop_before(&mut self, bytes: &[u8], end: usize) {
        self.copied.extend_from_slice(&bytes[self.start..self.end]);
        (self.start, self.end) = (end, end);
    }

    fn into_bytes(mut self, bytes: &Bytes) -> Bytes {
        if self.copied.is_empty() {
            return bytes.slice(self.start..self.end);
        }
        self.copied.extend_from_slice(&bytes[self.start..self.end]);
        self.copied.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONTENT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    const FINISH: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n";
    const USAGE: &str =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n";
    const COMMENT: &str = ": wait\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    fn run(tap: &mut Tap, pieces: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in pieces {
            out.extend_from_slice(&tap.feed(Bytes::copy_from_slice(piece)));
        }
        out.extend_from_slice(&tap.finish());
        out
    }

    #[test]
    fn the_usage_chunk_that_we_asked_for_is_read_and_taken_out() {
        let stream = [CONTENT, FINISH, USAGE, DONE].concat();
        let mut tap = Tap::new(Dialect::Chat, true);
        let out = run(&mut tap, &[stream.as_bytes()]);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            [CONTENT, FINISH, DONE].concat()
        );
        assert_eq!(tap.usage().input, 5);
        assert!(tap.is_whole());
    }

    #[test]
    fn the_usage_chunk_that_the_client_asked_for_stays() {
        let stream = [CONTENT, USAGE, DONE].concat();
        let mut tap = Tap::new(Dialect::Chat, false);
        assert_eq!(run(&mut tap, &[stream.as_bytes()]), stream.as_bytes());
        assert_eq!(tap.usage().output, 2);
    }

    #[test]
    fn a_last_event_without_its_blank_line_is_read_too() {
        let mut tap = Tap::new(Dialect::Chat, true);
        let stream = [CONTENT, "data: [DONE]"].concat();
        assert_eq!(run(&mut tap, &[stream.as_bytes()]), stream.as_bytes());
        assert!(tap.is_whole());
    }

    #[test]
    fn comments_and_preambles_are_no_beginning() {
        let mut tap = Tap::new(Dialect::Chat, true);
        tap.feed(Bytes::from_static(COMMENT.as_bytes()));
        tap.feed(Bytes::from_static(
            b"data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
        ));
        assert!(!tap.has_begun());
        tap.feed(Bytes::from_static(CONTENT.as_bytes()));
        assert!(tap.has_begun());
    }

    #[test]
    fn an_error_event_is_kept_for_who_asks() {
        let mut tap = Tap::new(Dialect::Chat, true);
        tap.feed(Bytes::from_static(
            b"data: {\"error\":{\"code\":\"rate_limited\"}}\n\n",
        ));
        assert_eq!(
            tap.error().unwrap().as_ref(),
            b"{\"error\":{\"code\":\"rate_limited\"}}"
        );
        assert!(!tap.has_begun());
    }

    #[test]
    fn whole_events_are_handed_on_without_a_copy() {
        let frame = Bytes::from([CONTENT, FINISH].concat());
        let at = frame.as_ptr();
        let mut tap = Tap::new(Dialect::Chat, true);
        assert_eq!(tap.feed(frame).as_ptr(), at);
    }

    proptest! {
        #[test]
        fn any_cut_of_the_bytes_gives_the_same_stream(
            parts in proptest::collection::vec(prop_oneof![
                Just(CONTENT), Just(FINISH), Just(USAGE), Just(COMMENT), Just(DONE),
            ], 0..12),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
            strip in any::<bool>(),
        ) {
            let stream = parts.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            let expected: String = parts.iter().filter(|part| !strip || **part != USAGE).copied().collect();
            let out = run(&mut Tap::new(Dialect::Chat, strip), &pieces);
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
        }

        #[test]
        fn no_stream_panics_or_changes_a_byte_without_usage(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(run(&mut Tap::new(Dialect::Chat, false), &slices), pieces.concat());
        }
    }
}
