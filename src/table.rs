//! Tables for people: aligned, without lines, never wider than the terminal.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, presets};

/// A column's heading, and how the column gives way.
#[derive(Clone, Copy)]
pub(crate) enum Column<'a> {
    /// Is never broken.
    Text(&'a str),
    /// Breaks its words over more lines where the table would be too wide.
    Words(&'a str),
    /// Is never broken, and has its ends below each other.
    Number(&'a str),
}

/// A table with these columns. A row may have fewer cells.
pub(crate) fn render(columns: &[Column<'_>], rows: Vec<Vec<String>>, width: u16) -> String {
    let headings = columns.iter().map(|column| match column {
        Column::Text(heading) | Column::Words(heading) => Cell::new(heading),
        Column::Number(heading) => Cell::new(heading).set_alignment(CellAlignment::Right),
    });
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(Row::from(headings.collect::<Vec<_>>()))
        .add_rows(rows);
    for (column, table) in columns.iter().zip(table.column_iter_mut()) {
        table.set_padding((0, 2));
        match column {
            Column::Words(_) => {}
            Column::Text(_) => {
                table.set_constraint(ColumnConstraint::ContentWidth);
            }
            Column::Number(_) => {
                table.set_constraint(ColumnConstraint::ContentWidth);
                table.set_cell_alignment(CellAlignment::Right);
                // They are set off by the room before the shorter ones already.
                table.set_padding((0, 1));
            }
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}
