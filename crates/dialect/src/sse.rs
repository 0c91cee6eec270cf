//! Server-sent events: where one ends, and what it says (WHATWG HTML, 9.2).

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Where the first event in `bytes` ends, its blank line included, or `None`
/// while it is incomplete.
///
/// `from` tells how far an earlier call got ([`resume`]); pass 0 at first. The
/// three line ends of the format (LF, CRLF, CR) are known, mixed ones too. A
/// CR that ends `bytes` counts as a whole line end: should its LF follow in
/// the next frame, that LF reads as an event without content, and the bytes
/// stay the same.
pub fn event_end(bytes: &[u8], from: usize) -> Option<usize> {
    if from == 0
        && let Some(end) = line_end(bytes, 0)
    {
        return Some(end);
    }
    let mut at = from;
    while let Some(found) = memchr2(b'\n', b'\r', bytes.get(at..)?) {
        let next = line_end(bytes, at + found)?;
        if let Some(end) = line_end(bytes, next) {
            return Some(end);
        }
        at = next;
    }
    None
}

/// Where [`event_end`] may go on once more bytes have come behind the `len`
/// that it found no end in: a line end that was cut in two is looked at again.
pub const fn resume(len: usize) -> usize {
    len.saturating_sub(2)
}

/// Where the line end that begins at `at` is over, if one begins there.
fn line_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'\n' => Some(at + 1),
        b'\r' if bytes.get(at + 1) == Some(&b'\n') => Some(at + 2),
        b'\r' => Some(at + 1),
        _ => None,
    }
}

/// What one event says. Comments, `id` and `retry` are passed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `event` field, where there is one.
    pub name: Option<&'a [u8]>,
    /// The `data` lines, joined by LF. `None` means that a client's parser
    /// would not dispatch this event at all: a comment, for one.
    pub data: Option<Cow<'a, [u8]>>,
}

impl<'a> Event<'a> {
    /// Reads one event as [`event_end`] cut it, or the unfinished last one.
    pub fn parse(mut bytes: &'a [u8]) -> Self {
        let mut event = Self::default();
        // A stream may begin with a byte order mark.
        bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        while !bytes.is_empty() {
            let at = memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len());
            let line = &bytes[..at];
            bytes = &bytes[line_end(bytes, at).unwrap_or(bytes.len())..];
            event.read_line(line);
        }
        event
    }

    fn read_line(&mut self, line: &'a [u8]) {
        let (field, value) = match memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.name = Some(value),
            b"data" => match &mut self.data {
                Some(data) => {
                    let data = data.to_mut();
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(Cow::Borrowed(value)),
            },
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Splits as a reader does that gets the bytes in pieces.
    fn events_of(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut held, mut from, mut events) = (Vec::new(), 0, Vec::new());
        for piece in pieces {
            held.extend_from_slice(piece);
            while let Some(end) = event_end(&held, from) {
                events.push(held.drain(..end).collect());
                from = 0;
            }
            from = resume(held.len());
        }
        events.push(held);
        events
    }

    fn said(events: &[Vec<u8>]) -> Vec<(Option<Vec<u8>>, Vec<u8>)> {
        events
            .iter()
            .map(|event| Event::parse(event))
            .filter_map(|event| {
                let data = event.data?.into_owned();
                Some((event.name.map(<[u8]>::to_vec), data))
            })
            .collect()
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let line = prop_oneof![
            "data: ?[a-z\"{}:]{0,12}",
            "event: [a-z]{1,8}",
            ": [a-z ]{0,8}",
            "id: [0-9]{1,3}",
            Just(String::new()),
        ];
        let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
        proptest::collection::vec((line, end), 0..40).prop_map(|lines| {
            lines
                .into_iter()
                .flat_map(|(line, end)| (line + end).into_bytes())
                .collect()
        })
    }

    proptest! {
        #[test]
        fn a_cut_anywhere_gives_the_same_events(
            bytes in stream(),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let mut cuts: Vec<usize> =
                cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> =
                cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let cut = events_of(&pieces);
            prop_assert_eq!(cut.concat(), bytes.clone());
            prop_assert_eq!(said(&cut), said(&events_of(&[&bytes])));
        }

        #[test]
        fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            said(&events_of(&[&bytes]));
        }
    }

    #[test]
    fn the_three_line_ends_all_end_an_event() {
        for stream in [
            "data: a\n\ndata: b\n\n",
            "data: a\r\n\r\ndata: b\r\n\r\n",
            "data: a\r\rdata: b\r\r",
        ] {
            let events = events_of(&[stream.as_bytes()]);
            assert_eq!(
                said(&events),
                [(None, b"a".to_vec()), (None, b"b".to_vec())]
            );
        }
    }

    #[test]
    fn data_lines_are_joined_and_one_space_is_dropped() {
        let event = Event::parse(b"event: x\ndata:  a\ndata:b\ndata\n\n");
        assert_eq!(event.name, Some(b"x".as_slice()));
        assert_eq!(event.data.as_deref(), Some(b" a\nb\n".as_slice()));
    }

    #[test]
    fn a_byte_order_mark_hides_nothing() {
        let event = Event::parse("\u{feff}data:a\n\n".as_bytes());
        assert_eq!(event.data.as_deref(), Some(b"a".as_slice()));
    }

    #[test]
    fn a_comment_says_nothing() {
        assert_eq!(Event::parse(b": keep-alive\n\n"), Event::default());
    }
}
