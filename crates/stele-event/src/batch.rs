//! A batch of events in plain columns: what parsers write into and everybody else reads.
//!
//! Values flow in through [`RowWriter`], one row at a time; they flow out as whole columns
//! ([`EventBatch::column`], laid out so that the store can hand the buffers to Arrow without
//! copying) or row by row ([`RowView`]). A column that no row has set costs nothing. The batch
//! never checks meaning: it holds what it is given.

use crate::columns::{COLUMN_COUNT, COLUMNS, Column, Kind};

/// One column of an [`EventBatch`]. It may be shorter than the batch: the missing tail is null.
#[derive(Debug, Clone, Default)]
pub struct ColumnData {
    /// One bit a row, least significant bit first; set where the row has a value.
    pub validity: Vec<u8>,
    /// How many rows the column covers; rows from here on are null.
    pub rows: usize,
    /// Values of `Int64` and `Time` columns.
    pub int64: Vec<i64>,
    /// Values of `Int32` columns.
    pub int32: Vec<i32>,
    /// Values of `Bool` columns, one bit a row.
    pub bools: Vec<u8>,
    /// Ends of `Text` and `Bytes` values in `data`: row `i` is `offsets[i]..offsets[i + 1]`.
    pub offsets: Vec<i32>,
    /// The values of `Text`, `Bytes` and the items of `TextList`, one after another.
    pub data: Vec<u8>,
    /// Ends of `TextList` items in `data`.
    pub item_offsets: Vec<i32>,
}

/// Rows of events, held column by column.
#[derive(Debug, Clone)]
pub struct EventBatch {
    rows: usize,
    columns: Vec<ColumnData>,
}

impl Default for EventBatch {
    fn default() -> Self {
        Self { rows: 0, columns: vec![ColumnData::default(); COLUMN_COUNT] }
    }
}

impl EventBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many complete rows it holds.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether it holds no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The values of one column. A column that no row has set has `rows == 0`.
    pub fn column(&self, column: Column) -> &ColumnData {
        &self.columns[column as usize]
    }

    /// Gives the columns away, in the order of [`COLUMNS`], each as long as it was written.
    pub fn into_columns(self) -> Vec<ColumnData> {
        self.columns
    }

    /// Begins a row. It counts once [`RowWriter::finish`] is called; a writer dropped before that
    /// leaves nothing behind.
    pub fn row(&mut self) -> RowWriter<'_> {
        RowWriter { batch: self, finished: false }
    }

    /// One complete row.
    ///
    /// # Panics
    /// If `index` is not below [`EventBatch::rows`].
    pub fn get(&self, index: usize) -> BatchRow<'_> {
        assert!(index < self.rows, "row {index} of a batch of {}", self.rows);
        BatchRow { batch: self, index }
    }

    /// An estimate of the memory held, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.columns
            .iter()
            .map(|c| {
                c.validity.capacity()
                    + c.int64.capacity() * 8
                    + c.int32.capacity() * 4
                    + c.bools.capacity()
                    + (c.offsets.capacity() + c.item_offsets.capacity()) * 4
                    + c.data.capacity()
            })
            .sum()
    }

    /// Replaces the value of a finished row's flag; used for what is only known after mapping.
    pub fn set_bool_at(&mut self, column: Column, row: usize, value: bool) {
        debug_assert!(column.spec().kind == Kind::Bool && row < self.rows);
        let data = &mut self.columns[column as usize];
        if data.rows <= row {
            data.pad_to(Kind::Bool, row);
            data.push_bool(value);
        } else {
            set_bit(&mut data.validity, row, true);
            set_bit(&mut data.bools, row, value);
        }
    }
}

impl ColumnData {
    /// Whether row `index` has a value.
    pub fn is_valid(&self, index: usize) -> bool {
        index < self.rows && bit(&self.validity, index)
    }

    /// The text or bytes of row `index`, if it has a value.
    pub fn bytes(&self, index: usize) -> Option<&[u8]> {
        self.is_valid(index)
            .then(|| &self.data[self.offsets[index] as usize..self.offsets[index + 1] as usize])
    }

    fn pad_to(&mut self, kind: Kind, rows: usize) {
        if matches!(kind, Kind::Text | Kind::Bytes | Kind::TextList) && self.offsets.is_empty() {
            self.offsets.push(0);
            self.item_offsets.push(0);
        }
        let missing = rows.saturating_sub(self.rows);
        if missing == 0 {
            return;
        }
        match kind {
            Kind::Int64 | Kind::Time => self.int64.resize(rows, 0),
            Kind::Int32 => self.int32.resize(rows, 0),
            Kind::Bool => self.bools.resize(rows.div_ceil(8), 0),
            Kind::Text | Kind::Bytes | Kind::TextList => {
                let end = self.offsets[self.rows];
                self.offsets.resize(rows + 1, end);
            }
        }
        self.validity.resize(rows.div_ceil(8), 0);
        self.rows = rows;
    }

    /// Makes the column `rows` long by adding nulls, so that it can be handed over whole.
    pub fn fill(&mut self, kind: Kind, rows: usize) {
        self.pad_to(kind, rows);
    }

    fn push_validity(&mut self) {
        let row = self.rows;
        self.validity.resize((row + 1).div_ceil(8), 0);
        set_bit(&mut self.validity, row, true);
        self.rows += 1;
    }

    fn push_bool(&mut self, value: bool) {
        let row = self.rows;
        self.bools.resize((row + 1).div_ceil(8), 0);
        set_bit(&mut self.bools, row, value);
        self.push_validity();
    }

    fn truncate(&mut self, kind: Kind, rows: usize) {
        if self.rows <= rows {
            return;
        }
        match kind {
            Kind::Int64 | Kind::Time => self.int64.truncate(rows),
            Kind::Int32 => self.int32.truncate(rows),
            Kind::Bool => {
                for row in rows..self.rows {
                    set_bit(&mut self.bools, row, false);
                }
                self.bools.truncate(rows.div_ceil(8));
            }
            Kind::Text | Kind::Bytes => {
                self.offsets.truncate(rows + 1);
                self.data.truncate(self.offsets[rows] as usize);
            }
            Kind::TextList => {
                self.offsets.truncate(rows + 1);
                self.item_offsets.truncate(self.offsets[rows] as usize + 1);
                let end = self.item_offsets.last().copied().unwrap_or(0);
                self.data.truncate(end as usize);
            }
        }
        for row in rows..self.rows {
            set_bit(&mut self.validity, row, false);
        }
        self.validity.truncate(rows.div_ceil(8));
        self.rows = rows;
    }
}

/// Writes one row. Setting a column twice keeps the last value.
#[derive(Debug)]
pub struct RowWriter<'a> {
    batch: &'a mut EventBatch,
    finished: bool,
}

impl RowWriter<'_> {
    fn prepare(&mut self, column: Column, expected: Kind) -> &mut ColumnData {
        let kind = column.spec().kind;
        debug_assert!(
            kind == expected || (kind == Kind::Time && expected == Kind::Int64),
            "column {} is {kind:?}, not {expected:?}",
            column.name()
        );
        let row = self.batch.rows;
        let data = &mut self.batch.columns[column as usize];
        data.truncate(kind, row);
        data.pad_to(kind, row);
        data
    }

    /// Sets a text column.
    pub fn set_text(&mut self, column: Column, value: &str) {
        let data = self.prepare(column, Kind::Text);
        data.data.extend_from_slice(value.as_bytes());
        data.offsets.push(data.data.len() as i32);
        data.push_validity();
    }

    /// Sets a text column from bytes that may not be UTF-8; what is not becomes U+FFFD.
    pub fn set_text_lossy(&mut self, column: Column, value: &[u8]) {
        self.set_text(column, &String::from_utf8_lossy(value));
    }

    /// Sets a text column if there is a value, and leaves it alone otherwise.
    pub fn set_text_opt(&mut self, column: Column, value: Option<&str>) {
        if let Some(value) = value {
            self.set_text(column, value);
        }
    }

    /// Sets the bytes of a `Bytes` column.
    pub fn set_bytes(&mut self, column: Column, value: &[u8]) {
        let data = self.prepare(column, Kind::Bytes);
        data.data.extend_from_slice(value);
        data.offsets.push(data.data.len() as i32);
        data.push_validity();
    }

    /// Sets a list of texts.
    pub fn set_list<'v>(&mut self, column: Column, values: impl IntoIterator<Item = &'v str>) {
        let data = self.prepare(column, Kind::TextList);
        for value in values {
            data.data.extend_from_slice(value.as_bytes());
            data.item_offsets.push(data.data.len() as i32);
        }
        data.offsets.push(data.item_offsets.len() as i32 - 1);
        data.push_validity();
    }

    /// Sets a 64 bit integer.
    pub fn set_int64(&mut self, column: Column, value: i64) {
        let data = self.prepare(column, Kind::Int64);
        data.int64.push(value);
        data.push_validity();
    }

    /// Sets a time, in microseconds since the epoch.
    pub fn set_time(&mut self, column: Column, micros: i64) {
        debug_assert!(column.spec().kind == Kind::Time);
        self.set_int64(column, micros);
    }

    /// Sets a 32 bit integer.
    pub fn set_int32(&mut self, column: Column, value: i32) {
        let data = self.prepare(column, Kind::Int32);
        data.int32.push(value);
        data.push_validity();
    }

    /// Sets a flag.
    pub fn set_bool(&mut self, column: Column, value: bool) {
        self.prepare(column, Kind::Bool).push_bool(value);
    }

    /// Whether this row has already set the column.
    pub fn is_set(&self, column: Column) -> bool {
        self.batch.columns[column as usize].rows > self.batch.rows
    }

    /// The text that this row has set in the column.
    pub fn text(&self, column: Column) -> Option<&str> {
        let bytes = self.batch.columns[column as usize].bytes(self.batch.rows)?;
        std::str::from_utf8(bytes).ok()
    }

    /// The number or time that this row has set in the column.
    pub fn int(&self, column: Column) -> Option<i64> {
        let (row, data) = (self.batch.rows, &self.batch.columns[column as usize]);
        data.is_valid(row).then(|| match column.spec().kind {
            Kind::Int32 => i64::from(data.int32[row]),
            _ => data.int64[row],
        })
    }

    /// Takes back every value that this row has set.
    pub fn clear(&mut self) {
        let row = self.batch.rows;
        for (data, spec) in self.batch.columns.iter_mut().zip(COLUMNS) {
            data.truncate(spec.kind, row);
        }
    }

    /// Ends the row: from now on it counts.
    pub fn finish(mut self) {
        self.batch.rows += 1;
        self.finished = true;
    }
}

impl Drop for RowWriter<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.clear();
        }
    }
}

/// Reads one event, wherever it is held.
pub trait RowView {
    /// The value of a `Text` column.
    fn text(&self, column: Column) -> Option<&str>;
    /// The value of an `Int64`, `Int32` or `Time` column.
    fn int(&self, column: Column) -> Option<i64>;
    /// The value of a `Bool` column.
    fn flag(&self, column: Column) -> Option<bool>;
    /// The values of a `TextList` column.
    fn list(&self, column: Column) -> Option<Vec<&str>>;
    /// The value of a `Bytes` column.
    fn bytes(&self, column: Column) -> Option<&[u8]>;
}

/// One row of an [`EventBatch`].
#[derive(Debug, Clone, Copy)]
pub struct BatchRow<'a> {
    batch: &'a EventBatch,
    index: usize,
}

impl RowView for BatchRow<'_> {
    fn text(&self, column: Column) -> Option<&str> {
        std::str::from_utf8(self.batch.column(column).bytes(self.index)?).ok()
    }

    fn int(&self, column: Column) -> Option<i64> {
        let data = self.batch.column(column);
        data.is_valid(self.index).then(|| match column.spec().kind {
            Kind::Int32 => i64::from(data.int32[self.index]),
            _ => data.int64[self.index],
        })
    }

    fn flag(&self, column: Column) -> Option<bool> {
        let data = self.batch.column(column);
        data.is_valid(self.index).then(|| bit(&data.bools, self.index))
    }

    fn list(&self, column: Column) -> Option<Vec<&str>> {
        let data = self.batch.column(column);
        data.is_valid(self.index).then(|| {
            (data.offsets[self.index] as usize..data.offsets[self.index + 1] as usize)
                .filter_map(|item| {
                    let range =
                        data.item_offsets[item] as usize..data.item_offsets[item + 1] as usize;
                    std::str::from_utf8(&data.data[range]).ok()
                })
                .collect()
        })
    }

    fn bytes(&self, column: Column) -> Option<&[u8]> {
        self.batch.column(column).bytes(self.index)
    }
}

fn bit(bits: &[u8], index: usize) -> bool {
    bits[index / 8] & (1 << (index % 8)) != 0
}

fn set_bit(bits: &mut [u8], index: usize, value: bool) {
    let mask = 1 << (index % 8);
    if value {
        bits[index / 8] |= mask;
    } else {
        bits[index / 8] &= !mask;
    }
}

#[cfg(test)]
mod tests;
