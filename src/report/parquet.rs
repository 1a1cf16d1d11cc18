//! Tables as Parquet files: flat, uncompressed, every column optional, one row group.
//!
//! The crate `parquet` 60 without features does this too; it adds 630 kB to a stripped binary and 28
//! packages to its tree, measured on 2026-11-29, for the one shape of file that is written here.
//! Source: Apache Parquet format 2.11, its Thrift definition in the compact protocol.

use crate::money::Money;

/// Values of one column, one a row; `None` is null.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Whole numbers.
    Whole(Vec<Option<u64>>),
    /// Floating-point numbers.
    Real(Vec<Option<f64>>),
    /// Text.
    Text(Vec<Option<String>>),
    /// Dollars, exactly: DECIMAL(18, 9).
    Dollars(Vec<Option<Money>>),
}

const MAGIC: &[u8] = b"PAR1";
/// Most rows of a page, and the bytes after which it ends: its length must fit 31 bits of its header.
const PAGE_ROWS: usize = 20_000;
const PAGE_BYTES: usize = 64 << 20;
// Numbers of the Thrift definition.
const INT64: i64 = 2;
const DOUBLE: i64 = 5;
const BYTE_ARRAY: i64 = 6;
const OPTIONAL: i64 = 1;
const UTF8: i64 = 0;
const DECIMAL: i64 = 5;
const PLAIN: i64 = 0;
const RLE: i64 = 3;

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Whole(v) => v.len(),
            Self::Real(v) => v.len(),
            Self::Text(v) => v.len(),
            Self::Dollars(v) => v.len(),
        }
    }

    fn kind(&self) -> i64 {
        match self {
            Self::Whole(_) | Self::Dollars(_) => INT64,
            Self::Real(_) => DOUBLE,
            Self::Text(_) => BYTE_ARRAY,
        }
    }

    /// Whether a row has a value; if so, its bytes in the plain encoding.
    fn put(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let bytes = match self {
            Self::Whole(v) => v[row].map(|n| i64::try_from(n).unwrap_or(i64::MAX).to_le_bytes()),
            Self::Real(v) => v[row].map(f64::to_le_bytes),
            Self::Dollars(v) => v[row].map(|m| m.nanos().to_le_bytes()),
            Self::Text(v) => {
                let Some(text) = &v[row] else { return false };
                out.extend((text.len() as u32).to_le_bytes());
                out.extend(text.as_bytes());
                return true;
            }
        };
        out.extend(bytes.iter().flatten());
        bytes.is_some()
    }

    /// A page of rows, and the row after it: which of them have a value, as runs, then the values.
    fn page(&self, first: usize) -> (Vec<u8>, usize) {
        let (mut values, mut runs) = (Vec::new(), Vec::<(bool, u64)>::new());
        let mut end = first;
        while end < self.len().min(first + PAGE_ROWS) && values.len() < PAGE_BYTES {
            let there = self.put(end, &mut values);
            end += 1;
            match runs.last_mut() {
                Some(run) if run.0 == there => run.1 += 1,
                _ => runs.push((there, 1)),
            }
        }
        let mut levels = Vec::new();
        for (there, n) in runs {
            varint(n << 1, &mut levels);
            levels.push(u8::from(there));
        }
        let mut page = (levels.len() as u32).to_le_bytes().to_vec();
        page.extend(levels);
        page.extend(values);
        (page, end)
    }

    /// The column's row of the schema.
    fn describe(&self, name: &str) -> Struct {
        let mut out = Struct::default();
        out.whole(1, self.kind()).whole(3, OPTIONAL).text(4, name);
        match self {
            Self::Whole(_) | Self::Real(_) => {}
            Self::Text(_) => _ = out.whole(6, UTF8),
            Self::Dollars(_) => _ = out.whole(6, DECIMAL).whole(7, 9).whole(8, 18),
        }
        out
    }
}

/// The bytes of a file with these columns, all of one length, and notes about it as key and value.
pub fn file(columns: &[(String, Column)], notes: &[(&str, &str)]) -> Vec<u8> {
    let rows = columns.first().map_or(0, |c| c.1.len());
    let mut out = MAGIC.to_vec();
    let mut root = Struct::default();
    root.text(4, "table").whole(5, columns.len() as i64);
    let (mut schema, mut chunks) = (vec![root], Vec::new());
    for (name, column) in columns {
        let start = out.len();
        let mut first = 0;
        loop {
            let (page, end) = column.page(first);
            let mut values = Struct::default();
            values.whole(1, (end - first) as i64).whole(2, PLAIN).whole(3, RLE).whole(4, RLE);
            let mut header = Struct::default();
            header.whole(1, 0).whole(2, page.len() as i64).whole(3, page.len() as i64).inner(5, values);
            out.extend(header.bytes());
            out.extend(page);
            first = end;
            if end >= rows {
                break;
            }
        }
        let size = (out.len() - start) as i64;
        let mut meta = Struct::default();
        meta.whole(1, column.kind()).wholes(2, &[PLAIN, RLE]).texts(3, &[name]).whole(4, 0);
        meta.long(5, rows as i64).long(6, size).long(7, size).long(9, start as i64);
        let mut chunk = Struct::default();
        chunk.long(2, start as i64).inner(3, meta);
        chunks.push(chunk);
        schema.push(column.describe(name));
    }
    let mut group = Struct::default();
    group.inners(1, chunks).long(2, (out.len() - MAGIC.len()) as i64).long(3, rows as i64);
    let note = |(key, value): &(&str, &str)| {
        let mut out = Struct::default();
        out.text(1, key).text(2, value);
        out
    };
    let mut footer = Struct::default();
    footer.whole(1, 1).inners(2, schema).long(3, rows as i64).inners(4, vec![group]);
    footer
        .inners(5, notes.iter().map(note).collect())
        .text(6, concat!("shotbook ", env!("CARGO_PKG_VERSION")));
    let footer = footer.bytes();
    out.extend(&footer);
    out.extend((footer.len() as u32).to_le_bytes());
    out.extend(MAGIC);
    out
}

/// A Thrift struct in the compact protocol; fields come with rising numbers.
#[derive(Default)]
struct Struct {
    bytes: Vec<u8>,
    last: i16,
}

impl Struct {
    fn field(&mut self, number: i16, kind: u8) -> &mut Self {
        let delta = (number - self.last) as u8;
        self.bytes.push(delta << 4 | kind);
        self.last = number;
        self
    }

    fn list(&mut self, number: i16, kind: u8, many: usize) {
        self.field(number, 9);
        if many < 15 {
            self.bytes.push((many as u8) << 4 | kind);
        } else {
            self.bytes.push(0xf0 | kind);
            varint(many as u64, &mut self.bytes);
        }
    }

    fn whole(&mut self, number: i16, value: i64) -> &mut Self {
        self.field(number, 5);
        varint(zigzag(value), &mut self.bytes);
        self
    }

    fn long(&mut self, number: i16, value: i64) -> &mut Self {
        self.field(number, 6);
        varint(zigzag(value), &mut self.bytes);
        self
    }

    fn text(&mut self, number: i16, value: &str) -> &mut Self {
        self.field(number, 8);
        string(value, &mut self.bytes);
        self
    }

    fn inner(&mut self, number: i16, value: Self) -> &mut Self {
        self.field(number, 12);
        self.bytes.extend(value.bytes());
        self
    }

    fn wholes(&mut self, number: i16, values: &[i64]) -> &mut Self {
        self.list(number, 5, values.len());
        values.iter().for_each(|v| varint(zigzag(*v), &mut self.bytes));
        self
    }

    fn texts(&mut self, number: i16, values: &[&str]) -> &mut Self {
        self.list(number, 8, values.len());
        values.iter().for_each(|v| string(v, &mut self.bytes));
        self
    }

    fn inners(&mut self, number: i16, values: Vec<Self>) -> &mut Self {
        self.list(number, 12, values.len());
        values.into_iter().for_each(|v| self.bytes.extend(v.bytes()));
        self
    }

    fn bytes(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn string(value: &str, out: &mut Vec<u8>) {
    varint(value.len() as u64, out);
    out.extend(value.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a small file that pyarrow 22, pandas and DuckDB were seen to read back, value by value.
    #[test]
    fn a_file_has_the_bytes_that_other_readers_read() {
        let columns = [
            ("n".to_owned(), Column::Whole(vec![Some(1), None, Some(300)])),
            ("s".to_owned(), Column::Text(vec![Some("é".to_owned()), Some(String::new()), None])),
            ("usd".to_owned(), Column::Dollars(vec![Some(Money::from_nanos(-1)), None, None])),
        ];
        let bytes = file(&columns, &[("bit_order", "q0-left")]);
        assert_eq!((&bytes[..4], &bytes[bytes.len() - 4..]), (MAGIC, MAGIC));
        // Page header: data page, 26 bytes, 3 values, plain; levels: 1, 0, 1 as runs of one.
        let first = [
            0x15, 0x00, 0x15, 0x34, 0x15, 0x34, 0x2c, 0x15, 0x06, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06, 0x00,
            0x00, 6, 0, 0, 0, 2, 1, 2, 0, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0x2c, 1, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(bytes[4..4 + first.len()], first);
        let at = bytes.len() - 8;
        let footer = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(bytes[at - footer], 0x15, "the footer begins where its length says");
    }
}
