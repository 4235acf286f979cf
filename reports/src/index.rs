//! The index of a campaign as a table: CSV for everyone, Parquet for DuckDB, Polars and their like.
//!
//! One row per run, in the order of scenario, point, seed and world, whatever the order they came in. Columns:
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `run`, `scenario` | text | see [`Row`] |
//! | one per swept key | text; whole numbers as integers if all values are | the value at this point, empty where a scenario does not sweep it |
//! | `seed`, `nodes`, `faults_injected`, `faults_landed`, `height`, `commits`, `commands`, `simulated_ns`, `longest_stall_ns`, `events`, `messages` | unsigned integer | see [`Row`] |
//! | `commit_p50_ns` … `settle_p99_ns` | unsigned integer or nothing | nanoseconds of virtual time |
//! | `world`, `engine`, `verdict`, `trace_hash`, `command`, `report` | text | see [`Row`] |
//! | `diverged` | boolean | whether the same seed gave two traces |
//! | `violated`, `unjudged`, `reached` | text | names, separated by `; ` |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use crate::measure::MEASURES;
use crate::{Row, Verdict};

/// Rows of one row group: some megabytes, and readers work on groups in parallel.
const GROUP: usize = 65_536;

/// Sorts rows into the order of the index.
pub fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| key(a).cmp(&key(b)));
}

fn key(row: &Row) -> (&str, &BTreeMap<String, String>, u64, &str, &str) {
    (&row.scenario, &row.point, row.seed, &row.world, &row.run)
}

/// The index as CSV: a header line, then RFC 4180 with `\n`. `rows` are in the order of [`sort`].
pub fn csv(rows: &[Row]) -> String {
    let columns = columns(rows);
    let mut text = String::new();
    line(&mut text, columns.iter().map(|column| column.name.clone()));
    for row in rows {
        line(&mut text, columns.iter().map(|column| (column.cell)(row).text()));
    }
    text
}

/// The index as Parquet (format version 1, uncompressed, dictionaries where they pay). `rows` are in the order of
/// [`sort`].
///
/// # Errors
/// The library's own; with rows that fit into memory none is known.
pub fn parquet(rows: &[Row]) -> Result<Vec<u8>, ParquetError> {
    let columns = columns(rows);
    let fields = columns.iter().map(Column::field).collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("run").with_fields(fields).build()?);
    let properties = WriterProperties::builder()
        .set_created_by("bitcraps-sim".to_owned())
        .set_compression(Compression::UNCOMPRESSED)
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    for group in rows.chunks(GROUP) {
        let mut written = writer.next_row_group()?;
        for column in &columns {
            write_column(&mut written, column, group)?;
        }
        written.close()?;
    }
    writer.into_inner()
}

/// A number of a run by its name: a numeric column of the index, a swept whole number, a measure of the campaign's page
/// such as `messages_per_block`, or `passed`, which is 1 or 0. `None`: no such name. `Some(None)`: this run has none.
pub fn number_of(row: &Row, name: &str) -> Option<Option<f64>> {
    if name == "passed" {
        return Some(Some(f64::from(u8::from(row.verdict == Verdict::Pass && !row.diverged))));
    }
    if let Some(measure) = MEASURES.iter().find(|measure| measure.key == name) {
        return Some((measure.of)(row));
    }
    let column = columns(std::slice::from_ref(row)).into_iter().find(|column| column.name == name)?;
    match (column.cell)(row) {
        Cell::Number(number) => Some(number.map(|number| number as f64)),
        Cell::Text(_) | Cell::Flag(_) => None,
    }
}

/// What a column of the index says of a run, as in the CSV. `None`: this run has no such column.
pub fn text_of(row: &Row, name: &str) -> Option<String> {
    let column = columns(std::slice::from_ref(row)).into_iter().find(|column| column.name == name)?;
    Some((column.cell)(row).text())
}

/// One column.
struct Column {
    name: String,
    kind: Kind,
    cell: Box<dyn Fn(&Row) -> Cell>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
}

/// One value; `None` stands for nothing.
enum Cell {
    Text(Option<String>),
    Number(Option<u64>),
    Flag(bool),
}

impl Cell {
    fn text(self) -> String {
        match self {
            Cell::Text(text) => text.unwrap_or_default(),
            Cell::Number(number) => number.map_or_else(String::new, |number| number.to_string()),
            Cell::Flag(flag) => flag.to_string(),
        }
    }
}

impl Column {
    fn field(&self) -> Result<Arc<Type>, ParquetError> {
        let (physical, logical, repetition) = match self.kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL),
            Kind::Number => (Physical::INT64, Some(LogicalType::integer(64, false)), Repetition::OPTIONAL),
            Kind::Flag => (Physical::BOOLEAN, None, Repetition::REQUIRED),
        };
        let builder = Type::primitive_type_builder(&self.name, physical).with_repetition(repetition);
        builder.with_logical_type(logical).build().map(Arc::new)
    }
}

/// The columns of these rows: those that every index has, the swept keys behind the scenario.
fn columns(rows: &[Row]) -> Vec<Column> {
    let names: BTreeSet<&String> = rows.iter().flat_map(|row| row.point.keys()).collect();
    let swept = names.into_iter().map(|name| {
        let values = || rows.iter().filter_map(|row| row.point.get(name));
        let key = name.clone();
        if values().all(|value| as_whole(value).is_some()) {
            number(name, move |row| row.point.get(&key).and_then(|value| as_whole(value)))
        } else {
            column(name, Kind::Text, move |row| Cell::Text(row.point.get(&key).cloned()))
        }
    });
    let mut columns = fixed();
    columns.splice(2..2, swept);
    columns
}

/// A value that is a whole number and is written as such.
fn as_whole(value: &str) -> Option<u64> {
    value.parse().ok().filter(|number: &u64| number.to_string() == value)
}

fn fixed() -> Vec<Column> {
    vec![
        text("run", |row| row.run.clone()),
        text("scenario", |row| row.scenario.clone()),
        number("seed", |row| Some(row.seed)),
        text("world", |row| row.world.clone()),
        text("engine", |row| row.engine.clone()),
        number("nodes", |row| Some(row.nodes.into())),
        text("verdict", |row| row.verdict.word().to_owned()),
        column("diverged", Kind::Flag, |row| Cell::Flag(row.diverged)),
        text("violated", |row| row.violated.join("; ")),
        text("unjudged", |row| row.unjudged.join("; ")),
        text("reached", |row| row.reached.join("; ")),
        number("faults_injected", |row| Some(row.faults)),
        number("faults_landed", |row| Some(row.faults_landed)),
        number("height", |row| Some(row.height)),
        number("commits", |row| Some(row.commits)),
        number("commands", |row| Some(row.commands)),
        number("commit_p50_ns", |row| row.commit_p50_ns),
        number("commit_p95_ns", |row| row.commit_p95_ns),
        number("commit_p99_ns", |row| row.commit_p99_ns),
        number("commit_p999_ns", |row| row.commit_p999_ns),
        number("settle_p50_ns", |row| row.settle_p50_ns),
        number("settle_p99_ns", |row| row.settle_p99_ns),
        number("longest_stall_ns", |row| Some(row.longest_stall_ns)),
        number("simulated_ns", |row| Some(row.simulated_ns)),
        number("events", |row| Some(row.events)),
        number("messages", |row| Some(row.messages)),
        text("trace_hash", |row| row.trace_hash.clone()),
        text("command", |row| row.command.clone()),
        text("report", |row| row.report.clone()),
    ]
}

fn text(name: &str, value: impl Fn(&Row) -> String + 'static) -> Column {
    column(name, Kind::Text, move |row| Cell::Text(Some(value(row))))
}

fn number(name: &str, value: impl Fn(&Row) -> Option<u64> + 'static) -> Column {
    column(name, Kind::Number, move |row| Cell::Number(value(row)))
}

fn column(name: &str, kind: Kind, cell: impl Fn(&Row) -> Cell + 'static) -> Column {
    Column { name: name.to_owned(), kind, cell: Box::new(cell) }
}

fn line(text: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&crate::text::csv_field(&cell));
    }
    text.push('\n');
}

fn write_column<W: std::io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column,
    rows: &[Row],
) -> Result<(), ParquetError> {
    let mut writer = group.next_column()?.ok_or_else(|| ParquetError::General("a column too many".into()))?;
    let cells = rows.iter().map(&column.cell);
    // A definition level is 1 where there is a value (Dremel; Parquet's nested encoding).
    let mut levels = Vec::with_capacity(rows.len());
    match column.kind {
        Kind::Text => {
            let mut values = Vec::new();
            for cell in cells {
                let Cell::Text(text) = cell else { unreachable!("a column is of one kind") };
                levels.push(i16::from(text.is_some()));
                values.extend(text.map(|text| ByteArray::from(text.into_bytes())));
            }
            writer.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
        }
        Kind::Number => {
            let mut values = Vec::new();
            for cell in cells {
                let Cell::Number(number) = cell else { unreachable!("a column is of one kind") };
                levels.push(i16::from(number.is_some()));
                values.extend(number.map(u64::cast_signed));
            }
            writer.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
        }
        Kind::Flag => {
            let values: Vec<bool> = cells
                .map(|cell| match cell {
                    Cell::Flag(flag) => flag,
                    _ => unreachable!("a column is of one kind"),
                })
                .collect();
            writer.typed::<BoolType>().write_batch(&values, None, None)?;
        }
    }
    writer.close()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    fn row(seed: u64, point: &[(&str, &str)]) -> Row {
        let point = point.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Row { scenario: "a, b".into(), seed, point, ..Row::default() }
    }

    fn rows() -> Vec<Row> {
        let mut rows = vec![
            row(2, &[("n", "7"), ("loss", "5 %")]),
            Row {
                commit_p50_ns: Some(5),
                violated: vec!["x".into(), "y".into()],
                ..row(u64::MAX, &[("n", "4")])
            },
        ];
        sort(&mut rows);
        rows
    }

    #[test]
    fn a_table_has_a_line_per_run_and_a_column_per_swept_key() {
        let text = csv(&rows());
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("run,scenario,loss,n,seed,world,"), "{text}");
        assert!(lines.next().unwrap().starts_with(",\"a, b\",5 %,7,2,"), "{text}");
        let last = lines.next().unwrap();
        assert!(last.starts_with(&format!(",\"a, b\",,4,{},", u64::MAX)), "{text}");
        assert!(last.contains("inconclusive,false,x; y,") && last.contains(",0,5,,,"), "{text}");
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn parquet_reads_back_as_what_the_csv_says() {
        let bytes = parquet(&rows()).unwrap();
        assert_eq!(bytes, parquet(&rows()).unwrap(), "the same rows are the same bytes");
        let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        let read: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(read.len(), 2);
        assert!(read[0].contains(r#"loss: "5 %", n: 7, seed: 2,"#), "{}", read[0]);
        assert!(read[0].contains("commit_p50_ns: null"), "{}", read[0]);
        // A seed takes all 64 bits.
        assert!(read[1].contains(&format!("loss: null, n: 4, seed: {},", u64::MAX)), "{}", read[1]);
        assert!(read[1].contains("diverged: false") && read[1].contains("commit_p50_ns: 5"), "{}", read[1]);
    }

    #[test]
    fn a_run_is_asked_by_the_name_of_a_column() {
        let row = Row { height: 10, simulated_ns: 2_000_000_000, ..row(3, &[("n", "7"), ("loss", "5 %")]) };
        assert_eq!(number_of(&row, "n"), Some(Some(7.0)));
        assert_eq!(number_of(&row, "blocks_per_second"), Some(Some(5.0)));
        assert_eq!(number_of(&row, "commit_p50_ns"), Some(None), "no commit, no latency");
        assert_eq!((number_of(&row, "loss"), number_of(&row, "nope")), (None, None));
        assert_eq!(text_of(&row, "loss").as_deref(), Some("5 %"));
    }

    #[test]
    fn no_column_stands_twice() {
        let names: BTreeSet<String> = fixed().into_iter().map(|column| column.name).collect();
        assert_eq!(names.len(), fixed().len());
    }
}
