//! The table of columns, as Arrow and Delta see it.
//!
//! Everything here is derived from [`stele_event::COLUMNS`]; nothing is written down twice. Files
//! leave out columns that are null in every row, so a file's schema is a subset of this one.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake_core::kernel::{ArrayType, DataType as DeltaType, PrimitiveType, StructField};
use stele_event::{COLUMNS, Kind};

/// The partition column that names the dataset.
pub const DATASET: &str = "dataset";
/// The partition column that holds the receive day, `YYYY-MM-DD` in UTC.
pub const DAY: &str = "day";

/// The columns as files hold them, in order, without the partition columns.
pub fn file_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(
            COLUMNS
                .iter()
                .map(|s| Field::new(s.name, stored_type(s.kind), true))
                .collect::<Vec<_>>(),
        ))
    });
    SCHEMA.clone()
}

/// The columns as queries see them: long values as views, partition columns last.
pub fn query_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let mut fields: Vec<_> = COLUMNS
            .iter()
            .map(|s| Arc::new(Field::new(s.name, query_type(s.kind), true)))
            .collect();
        fields.extend(partition_fields());
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}

/// The columns of [`query_schema`] without the partition columns.
pub fn query_file_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(
            COLUMNS
                .iter()
                .map(|s| Field::new(s.name, query_type(s.kind), true))
                .collect::<Vec<_>>(),
        ))
    });
    SCHEMA.clone()
}

/// The partition columns, in the order of the folder names.
pub fn partition_fields() -> Vec<Arc<Field>> {
    [DATASET, DAY].map(|name| Arc::new(Field::new(name, DataType::Utf8View, false))).to_vec()
}

/// The columns as the Delta log declares them, partition columns last.
pub fn delta_fields() -> Vec<StructField> {
    COLUMNS
        .iter()
        .map(|s| StructField::new(s.name, delta_type(s.kind), true))
        .chain(
            [DATASET, DAY].map(|name| {
                StructField::new(name, DeltaType::Primitive(PrimitiveType::String), true)
            }),
        )
        .collect()
}

/// How values of a kind are held in memory and in files.
pub fn stored_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::TextList => list_of(DataType::Utf8),
        Kind::Int64 => DataType::Int64,
        Kind::Int32 => DataType::Int32,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Kind::Bytes => DataType::Binary,
    }
}

/// How values of a kind are seen by queries.
pub fn query_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8View,
        Kind::Bytes => DataType::BinaryView,
        other => stored_type(other),
    }
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("element", item, true)))
}

fn delta_type(kind: Kind) -> DeltaType {
    let primitive = match kind {
        Kind::Text => PrimitiveType::String,
        Kind::Int64 => PrimitiveType::Long,
        Kind::Int32 => PrimitiveType::Integer,
        Kind::Bool => PrimitiveType::Boolean,
        Kind::Time => PrimitiveType::Timestamp,
        Kind::Bytes => PrimitiveType::Binary,
        Kind::TextList => {
            let text = DeltaType::Primitive(PrimitiveType::String);
            return DeltaType::Array(Box::new(ArrayType::new(text, true)));
        }
    };
    DeltaType::Primitive(primitive)
}
