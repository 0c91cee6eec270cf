//! Takes elements out of arrays and members out of objects, each with the one
//! comma that has to go with it.

use std::ops::Range;

use crate::envelope::Splice;

/// An element or member that may go.
#[derive(Clone, Debug)]
pub(super) struct Part {
    at: Range<usize>,
    /// Where the part in front of it ends; where it starts itself if it is the
    /// first.
    before: usize,
    /// Where the part behind it starts.
    next: Option<usize>,
    why: Why,
}

#[derive(Clone, Debug)]
enum Why {
    /// It goes with any of these pieces.
    Pieces(Range<usize>),
    /// It goes once all of its own parts go, which are all that it holds.
    Emptied(Vec<Part>),
}

impl Part {
    /// The part at `at` in the valid JSON `body`, which goes with any of
    /// `pieces`.
    pub(super) fn of_pieces(body: &[u8], at: Range<usize>, pieces: Range<usize>) -> Self {
        Self::new(body, at, Why::Pieces(pieces))
    }

    /// The part at `at` that goes where nothing of it would be left.
    pub(super) fn around(body: &[u8], at: Range<usize>, all: Vec<Self>) -> Self {
        Self::new(body, at, Why::Emptied(all))
    }

    fn new(body: &[u8], at: Range<usize>, why: Why) -> Self {
        let (head, tail) = (&body[..at.start], &body[at.end..]);
        let before = head.trim_ascii_end().strip_suffix(b",");
        let next = tail.trim_ascii_start().strip_prefix(b",");
        Self {
            before: before.map_or(at.start, |head| head.trim_ascii_end().len()),
            next: next.map(|tail| body.len() - tail.trim_ascii_start().len()),
            at,
            why,
        }
    }

    fn goes(&self, gone: &[bool]) -> bool {
        match &self.why {
            Why::Pieces(pieces) => gone[pieces.clone()].contains(&true),
            Why::Emptied(all) => all.iter().all(|part| part.goes(gone)),
        }
    }
}

/// The splices that take out what goes with the pieces that are `gone`.
///
/// `parts` may come from several arrays and objects, one after the other, and
/// those of one stand in their order. A part goes with the comma behind it; a
/// run of parts that nothing follows, with the one in front of it.
pub(super) fn cuts(parts: &[Part], gone: &[bool]) -> Vec<Splice> {
    let mut cuts = Vec::new();
    let mut gap = 0..0;
    let mut next = None;
    for part in parts {
        if !part.goes(gone) {
            if let Why::Emptied(inner) = &part.why {
                cuts.extend(self::cuts(inner, gone));
            }
            continue;
        }
        if next != Some(part.at.start) {
            gap = part.before..part.at.start;
        }
        next = part.next;
        cuts.push(Splice::cut(part.at.start..next.unwrap_or(part.at.end)));
        if next.is_none() && !gap.is_empty() {
            cuts.push(Splice::cut(gap.clone()));
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::envelope::splice;
    use crate::raw::{elements, span};

    /// The array without the elements that are `gone`.
    fn without(body: &str, gone: &[bool]) -> String {
        let mut parts = Vec::new();
        elements(body, |element| {
            let at = span(body.as_bytes(), element.get());
            let piece = parts.len();
            parts.push(Part::of_pieces(body.as_bytes(), at, piece..piece + 1));
        })
        .unwrap();
        String::from_utf8(splice(body.as_bytes(), &mut cuts(&parts, gone))).unwrap()
    }

    proptest! {
        #[test]
        fn what_stays_is_written_as_if_the_rest_had_never_been(
            elements in proptest::collection::vec(("\\PC{0,3}", any::<bool>()), 0..8),
        ) {
            let gone: Vec<bool> = elements.iter().map(|(_, gone)| *gone).collect();
            let before: Value = elements.iter().map(|(text, _)| json!(text)).collect();
            let after: Value = elements.iter().filter(|(_, gone)| !gone).map(|(text, _)| json!(text)).collect();
            prop_assert_eq!(without(&before.to_string(), &gone), after.to_string());
            if after != json!([]) {
                prop_assert_eq!(without(&format!("{before:#}"), &gone), format!("{after:#}"));
            }
        }
    }

    #[test]
    fn the_space_around_what_stays_is_left_as_it_is() {
        let body = "[ 1 ,\t2\n, 3 ]";
        let cases = [
            ([true, false, false], "[ 2\n, 3 ]"),
            ([false, true, false], "[ 1 ,\t3 ]"),
            ([false, false, true], "[ 1 ,\t2 ]"),
            ([false, true, true], "[ 1 ]"),
            ([true, false, true], "[ 2 ]"),
            ([true, true, true], "[  ]"),
        ];
        for (gone, expected) in cases {
            assert_eq!(without(body, &gone), expected, "{gone:?}");
        }
    }
}
