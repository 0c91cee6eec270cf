//! Bytes to events: the same ones wherever the bytes are cut, and those that the standard says.

#![no_main]

use dialect::sse::Event;
use fuzz::{Input, cut, events};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

type Said = (Option<Vec<u8>>, Vec<u8>);

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::of(data) else { return };
    let whole = events([input.bytes]);
    let single: Vec<&[u8]> = input.bytes.chunks(1).collect();
    for pieces in [cut(input.bytes, input.choices), single] {
        let cut = events(pieces);
        assert_eq!(cut.concat(), input.bytes, "no byte is lost");
        assert_eq!(said(&cut), said(&whole), "a cut changes nothing");
    }
    assert_eq!(said(&whole), as_the_standard_says(input.bytes));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::mutate::mutate(data, size, max_size, seed)
});

fn said(events: &[Vec<u8>]) -> Vec<Said> {
    let dispatched = events.iter().filter_map(|event| {
        let event = Event::parse(event);
        Some((event.name.map(<[u8]>::to_vec), event.data?.into_owned()))
    });
    dispatched.collect()
}

/// WHATWG HTML, 9.2.6, line by line, but for two things: what the end of the stream cuts
/// short is read too, and a byte order mark is passed over in front of any event.
fn as_the_standard_says(bytes: &[u8]) -> Vec<Said> {
    let (mut said, mut name, mut data) = (Vec::new(), None, None::<Vec<u8>>);
    let mut begins = true;
    let mut rest = bytes;
    while !rest.is_empty() {
        if std::mem::take(&mut begins) {
            rest = rest.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(rest);
        }
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = match after {
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => after,
        };
        if line.is_empty() {
            said.extend(data.take().map(|data| (name.take(), data)));
            (name, begins) = (None, true);
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => name = Some(value.to_vec()),
            b"data" => match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => data = Some(value.to_vec()),
            },
            _ => {}
        }
    }
    said.extend(data.map(|data| (name, data)));
    said
}
