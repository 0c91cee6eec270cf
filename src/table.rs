//! Tables for people: aligned, without lines, never wider than the terminal.

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, presets};

/// A table with these headings. Where it is wider than `width`, the columns at
/// `shrinking` break their words over more lines; the others never do.
pub(crate) fn render(
    headings: &[&str],
    shrinking: &[usize],
    rows: Vec<Vec<String>>,
    width: u16,
) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(Row::from(headings.to_vec()))
        .add_rows(rows);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if !shrinking.contains(&at) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}
