//! A bar chart over time, in as many columns as there are.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::Step;

use super::numbers::short;

/// What is drawn: values over time, one for each step, without a gap.
pub(super) struct Picture<'a> {
    pub(super) values: &'a [(Timestamp, u64)],
    pub(super) step: Step,
    pub(super) zone: &'a TimeZone,
    /// How many columns there are to draw in.
    pub(super) width: usize,
    /// Whether more than ASCII may be drawn.
    pub(super) utf8: bool,
}

/// How many steps a bar stands for, and the lines that show them.
pub(super) struct Drawn {
    pub(super) steps: usize,
    /// The bars, from the top.
    pub(super) rows: Vec<Row>,
    /// The line below them, and the times below that.
    pub(super) foot: [String; 2],
}

/// One line of bars, and what stands before it.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) bars: String,
}

impl Picture<'_> {
    pub(super) fn draw(&self) -> Drawn {
        let room = self.width.saturating_sub(LABEL + 2).max(1);
        let steps = self.values.len().div_ceil(room).max(1);
        let bars: Vec<(Timestamp, u64)> = self
            .values
            .chunks(steps)
            .map(|chunk| {
                let sum = chunk.iter().map(|(_, value)| value);
                (
                    chunk[0].0,
                    sum.fold(0_u64, |sum, value| sum.saturating_add(*value)),
                )
            })
            .collect();
        let cell = (room / bars.len().max(1)).clamp(1, WIDEST);
        let most = bars.iter().map(|(_, value)| *value).max().unwrap_or(0);
        let blocks = if self.utf8 { UTF8 } else { ASCII };
        let (axis, corner, line) = match self.utf8 {
            true => ('│', '└', '─'),
            false => ('|', '+', '-'),
        };
        let rows = (0..HEIGHT).rev().map(|row| {
            let label = match row {
                _ if row == HEIGHT - 1 => short(most),
                _ if row + 1 == HEIGHT / 2 => short(most / 2),
                _ => String::new(),
            };
            let mut drawn = String::new();
            for (_, value) in &bars {
                let block = blocks[block(*value, most, row, blocks.len() - 1)];
                let thick = if cell > 1 { cell - 1 } else { 1 };
                drawn.extend(std::iter::repeat_n(block, thick));
                drawn.extend(std::iter::repeat_n(' ', cell - thick));
            }
            Row {
                label: format!("{label:>LABEL$} {axis}"),
                bars: drawn.trim_end().to_owned(),
            }
        });
        Drawn {
            steps,
            rows: rows.collect(),
            foot: [
                format!(
                    "{:>LABEL$} {corner}{}",
                    0,
                    line.to_string().repeat(cell * bars.len())
                ),
                self.times(&bars, cell),
            ],
        }
    }

    /// When bars begin, below every so many of them.
    fn times(&self, bars: &[(Timestamp, u64)], cell: usize) -> String {
        const TIME: usize = "12:00".len();
        let stride = (TIME + 2).div_ceil(cell);
        let mut text = " ".repeat(LABEL + 2);
        for (at, (start, _)) in bars.iter().enumerate().step_by(stride) {
            let place = LABEL + 2 + at * cell;
            if place + TIME > self.width {
                break;
            }
            text.extend(std::iter::repeat_n(' ', place.saturating_sub(text.len())));
            let local = start.to_zoned_datetime(self.zone.clone());
            let is_midnight = (local.hour(), local.minute()) == (0, 0);
            let form = match self.step {
                Step::Hour if !is_midnight => "%H:%M",
                _ => "%m-%d",
            };
            text += &local.strftime(form).to_string();
        }
        text
    }
}

/// How much of a row, counted from below, a bar fills. One that is not nothing can be
/// seen.
fn block(value: u64, most: u64, row: usize, parts: usize) -> usize {
    let (value, most) = (u128::from(value), u128::from(most.max(1)));
    let height = (value * (HEIGHT * parts) as u128).div_ceil(most) as usize;
    height.saturating_sub(row * parts).min(parts)
}

/// How many rows the highest bar has.
const HEIGHT: usize = 6;
/// The columns of the values beside the rows, in [`short`] form.
const LABEL: usize = 5;
/// The widest that a bar gets, the gap behind it included.
const WIDEST: usize = 7;

const UTF8: &[char] = &[' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: &[char] = &[' ', '.', ':', '#'];

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn hourly(values: &[u64]) -> Vec<(Timestamp, u64)> {
        let start: Timestamp = "2026-11-24T20:00:00Z".parse().unwrap();
        let hours = (0..).map(|hour| start + SignedDuration::from_hours(hour));
        hours.zip(values.iter().copied()).collect()
    }

    fn drawn(values: &[u64], width: usize, utf8: bool) -> Vec<String> {
        let picture = Picture {
            values: &hourly(values),
            step: Step::Hour,
            zone: &TimeZone::UTC,
            width,
            utf8,
        };
        let Drawn { rows, foot, .. } = picture.draw();
        let rows = rows.into_iter().map(|row| row.label + &row.bars);
        rows.chain(foot).collect()
    }

    #[test]
    fn a_picture_in_utf8_and_in_ascii() {
        let values = [0, 1, 5_000, 12_345, 20_000, 0, 700, 9_999];
        insta::assert_snapshot!(drawn(&values, 60, true).join("\n"), @"
        20.0k │                        █████
              │                        █████
              │                  ▆▆▆▆▆ █████
        10.0k │                  █████ █████             █████
              │            ▄▄▄▄▄ █████ █████             █████
              │      ▁▁▁▁▁ █████ █████ █████       ▂▂▂▂▂ █████
            0 └────────────────────────────────────────────────
               20:00       22:00       11-25       02:00
        ");
        insta::assert_snapshot!(drawn(&values, 40, false).join("\n"), @"
        20.0k |                ###
              |                ###
              |            ### ###
        10.0k |            ### ###         ###
              |        ::: ### ###         ###
              |    ... ### ### ###     ... ###
            0 +--------------------------------
               20:00   22:00   11-25   02:00
        ");
    }

    proptest! {
        #[test]
        fn a_picture_fits_and_shows_all_that_is_not_nothing(
            values in prop::collection::vec(prop_oneof![Just(0), any::<u64>()], 1..300),
            width in 20..200_usize,
            utf8 in any::<bool>(),
        ) {
            let lines = drawn(&values, width, utf8);
            for line in &lines {
                prop_assert!(line.chars().count() <= width, "{line}");
            }
            let lowest = &lines[5];
            let is_seen = lowest.chars().skip(LABEL + 2).any(|char| char != ' ');
            prop_assert_eq!(is_seen, values.iter().any(|value| *value > 0));
        }

        #[test]
        fn a_larger_value_is_never_drawn_lower(one in any::<u64>(), other in any::<u64>()) {
            let height = |value| (0..HEIGHT).map(|row| block(value, one.max(other), row, 8)).sum::<usize>();
            prop_assert_eq!(one.cmp(&other).is_lt() && height(one) > height(other), false);
            prop_assert_eq!(height(one.max(other)), if one.max(other) == 0 { 0 } else { HEIGHT * 8 });
        }
    }
}
