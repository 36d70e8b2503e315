//! From a row to its OCSF document.
//!
//! In flows one row; out flows a JSON object that is valid by the schema of its class. What the
//! class has no place for stands in `unmapped`, under the name of the column or the path that the
//! mapping gave it, so that the document says all that the row says. A row whose class demands
//! what the row does not have becomes a Base Event rather than one with made-up values.

use serde_json::{Map, Value};

use super::draft::{Draft, Finished};
use super::generated::VERSION;
use super::places::{self, FALLBACKS, Product};
use super::schema::{Class, class};
use super::values;
use crate::batch::RowView;
use crate::columns::{COLUMNS, Column, Kind};

/// Where a value in the document comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Column(Column),
    /// The member of `attrs` of that number.
    Attr(usize),
}

/// The OCSF 1.8.0 document of a row. It is valid by the JSON schema of its class (with the
/// profiles that it declares), whatever the row holds.
pub fn document(row: &dyn RowView) -> Map<String, Value> {
    let source = Source::of(row);
    let wanted = row.int(Column::ClassUid).and_then(class);
    wanted
        .and_then(|class| source.document(class))
        .or_else(|| source.document(class(0)?))
        .unwrap_or_default()
}

/// A row, and what is known about where it comes from.
struct Source<'a> {
    row: &'a dyn RowView,
    product: Option<&'static Product>,
    /// The members of `attrs`, if that is an object.
    attrs: Vec<(String, Value)>,
    names_cloud: bool,
}

/// OCSF's number for "another, named in the attribute beside it".
const OTHER: i64 = 99;

/// A set of columns, one bit each.
#[derive(Default)]
struct Columns(u128);

const _: () = assert!(crate::columns::COLUMN_COUNT <= 128);

/// What was found out while a document was made.
#[derive(Default)]
struct Notes {
    /// Columns whose value stands elsewhere in the document.
    expressed: Columns,
    /// Columns of whose value only a part has its place.
    incomplete: Columns,
    /// Members of `attrs` that have no place, or not all of them.
    refused: Vec<usize>,
}

impl Columns {
    fn add(&mut self, column: Column) {
        self.0 |= 1 << column as u8;
    }

    fn has(&self, column: Column) -> bool {
        self.0 & (1 << column as u8) != 0
    }
}

impl<'a> Source<'a> {
    fn of(row: &'a dyn RowView) -> Self {
        let attrs = match row.text(Column::Attrs).map(serde_json::from_str) {
            Some(Ok(Value::Object(members))) => members.into_iter().collect(),
            _ => Vec::new(),
        };
        let product = row.text(Column::SourceType).and_then(places::product);
        let names_provider = attrs.iter().any(|(path, value): &(String, Value)| {
            let provider = if path == "cloud" { value.get("provider") } else { Some(value) };
            matches!(path.as_str(), "cloud" | "cloud.provider")
                && provider.and_then(Value::as_str).is_some_and(|name| !name.is_empty())
        });
        let names_cloud = names_provider || product.is_some_and(|p| !p.cloud.is_empty());
        Self { row, product, attrs, names_cloud }
    }

    /// The document as one of a class; none if the row lacks what the class demands.
    fn document(&self, class: &'static Class) -> Option<Map<String, Value>> {
        let mut draft = Draft::new(class, self.names_cloud);
        let mut notes = Notes::default();
        self.put_class(&mut draft, class);
        self.put_times(&mut draft, &mut notes);
        self.put_product(&mut draft);
        let is_inbound = self.row.int(Column::DirectionId) == Some(1);
        for spec in COLUMNS {
            let paths = places::paths(spec.column, class.uid, is_inbound);
            if paths.is_empty() {
                continue;
            }
            if let Some(value) = self.value(spec.column) {
                let origin = Some(Origin::Column(spec.column));
                let _ = paths.iter().any(|path| draft.put(path, &value, origin));
            }
        }
        self.put_resources(&mut draft, &mut notes);
        for (index, (path, value)) in self.attrs.iter().enumerate() {
            if !draft.put(path, value, Some(Origin::Attr(index))) {
                notes.refused.push(index);
            }
        }
        self.put_fallbacks(&mut draft, class);
        let finished = draft.finish()?;
        Some(self.complete(finished, notes))
    }

    /// The value of a column in JSON.
    fn value(&self, column: Column) -> Option<Value> {
        match column.spec().kind {
            Kind::Text => self.row.text(column).map(Value::from),
            Kind::TextList => self.row.list(column).map(Value::from),
            Kind::Int64 | Kind::Int32 | Kind::Time => self.row.int(column).map(Value::from),
            Kind::Bool => self.row.flag(column).map(Value::from),
            Kind::Bytes => self.row.bytes(column).map(|b| String::from_utf8_lossy(b).into()),
        }
    }

    /// What says of which class, category, activity and type the document is.
    fn put_class(&self, draft: &mut Draft<Origin>, class: &'static Class) {
        let activity = self.row.int(Column::ActivityId).unwrap_or(0);
        let (activity_id, name) = match class.activity_caption(activity) {
            Some(caption) if activity != OTHER => (activity, caption.to_owned()),
            _ => (OTHER, self.other_activity(activity)),
        };
        let type_uid = i64::from(class.uid) * 100 + activity_id;
        let numbers = [
            (Column::ClassUid, i64::from(class.uid)),
            (Column::CategoryUid, i64::from(class.category_uid)),
            (Column::ActivityId, activity_id),
            (Column::TypeUid, type_uid),
        ];
        for (column, number) in numbers {
            let is_own = self.row.int(column) == Some(number);
            let origin = is_own.then_some(Origin::Column(column));
            draft.put(column.spec().ocsf, &number.into(), origin);
        }
        draft.put("type_name", &format!("{}: {name}", class.caption).into(), None);
        draft.put("class_name", &class.caption.into(), None);
        draft.put("category_name", &class.category_name.into(), None);
        draft.put("activity_name", &name.into(), None);
        if self.row.int(Column::SeverityId).is_none() {
            draft.put("severity_id", &0.into(), None);
        }
    }

    /// The name of an activity that the document's class does not have.
    fn other_activity(&self, activity: i64) -> String {
        let own = self.row.int(Column::ClassUid).and_then(class);
        let known =
            own.and_then(|own| own.activity_caption(activity)).filter(|_| activity != OTHER);
        let operation = self.row.text(Column::Operation).filter(|text| !text.is_empty());
        match known.or(operation) {
            Some(name) => name.to_owned(),
            None if activity == OTHER => "Other".to_owned(),
            None => activity.to_string(),
        }
    }

    /// Times go to the millisecond in OCSF; where there is more, to the microsecond beside it.
    fn put_times(&self, draft: &mut Draft<Origin>, notes: &mut Notes) {
        let mut put = |column: Column, path: &str, micros: i64, origin: Option<Origin>| {
            draft.put(path, &micros.div_euclid(1_000).into(), origin);
            if micros.rem_euclid(1_000) != 0 {
                let text = values::datetime(micros);
                let is_put =
                    text.is_some_and(|text| draft.put(&format!("{path}_dt"), &text.into(), origin));
                if !is_put {
                    notes.incomplete.add(column);
                }
            }
        };
        for column in [Column::Time, Column::TimeEnd, Column::ObservedTime, Column::IngestTime] {
            if let Some(micros) = self.row.int(column) {
                put(column, column.spec().ocsf, micros, Some(Origin::Column(column)));
            }
        }
        match (self.row.int(Column::Time), self.row.int(Column::TimeEnd)) {
            (Some(start), Some(_)) => put(Column::Time, "start_time", start, None),
            (Some(_), None) => {}
            (None, end) => {
                let known = end.or_else(|| self.row.int(Column::ObservedTime));
                let known = known.or_else(|| self.row.int(Column::IngestTime));
                put(Column::Time, "time", known.unwrap_or(0), None);
            }
        }
    }

    /// The product that wrote the log, and the cloud that it is part of.
    fn put_product(&self, draft: &mut Draft<Origin>) {
        const NAME: &str = "metadata.product.name";
        draft.put("metadata.version", &VERSION.into(), None);
        if let Some(product) = self.product {
            draft.put(NAME, &product.name.into(), None);
            draft.put("metadata.product.vendor_name", &product.vendor.into(), None);
            draft.put("cloud.provider", &product.cloud.into(), None);
            return;
        }
        for column in [Column::ProcessName, Column::SourceType] {
            if let Some(name) = self.value(column) {
                draft.put(NAME, &name, Some(Origin::Column(column)));
            }
        }
        draft.put(NAME, &"unknown".into(), None);
    }

    /// Every resource once, the first one first.
    fn put_resources(&self, draft: &mut Draft<Origin>, notes: &mut Notes) {
        let all = self.row.list(Column::ResourceUids).unwrap_or_default();
        let mut others = 0;
        if let Some(first) = self.row.text(Column::ResourceUid) {
            if all.contains(&first) {
                notes.expressed.add(Column::ResourceUid);
            } else {
                let origin = Some(Origin::Column(Column::ResourceUid));
                draft.put("resources[0].uid", &first.into(), origin);
                others = 1;
            }
        }
        for (index, uid) in all.into_iter().enumerate() {
            let origin = Some(Origin::Column(Column::ResourceUids));
            if !draft.put(&format!("resources[{}].uid", index + others), &uid.into(), origin) {
                notes.incomplete.add(Column::ResourceUids);
            }
        }
    }

    fn put_fallbacks(&self, draft: &mut Draft<Origin>, class: &'static Class) {
        if let Some(path) = self.row.text(Column::FilePath) {
            let name = path.rsplit(['/', '\\']).find(|name| !name.is_empty()).unwrap_or(path);
            draft.put("file.name", &name.into(), None);
        }
        for fallback in FALLBACKS {
            let is_for = fallback.class_uids.is_empty() || fallback.class_uids.contains(&class.uid);
            if !is_for || fallback.unless.iter().any(|path| draft.has(path)) {
                continue;
            }
            for (path, column) in fallback.parts {
                if let Some(value) = self.value(*column) {
                    draft.put(path, &value, Some(Origin::Column(*column)));
                }
            }
        }
    }

    /// Adds what the schema has no place for, and the record itself.
    fn complete(&self, finished: Finished<Origin>, notes: Notes) -> Map<String, Value> {
        let Finished { mut members, profiles, kept, removed } = finished;
        let mut there = notes.expressed;
        for origin in kept {
            if let Origin::Column(column) = origin {
                there.add(column);
            }
        }
        let mut unmapped = self.own_unmapped();
        for spec in COLUMNS {
            let column = spec.column;
            let is_payload = matches!(column, Column::Raw | Column::Attrs | Column::Unmapped);
            let is_whole = there.has(column) && !notes.incomplete.has(column);
            if !is_payload
                && !is_whole
                && let Some(value) = self.value(column)
            {
                add_unmapped(&mut unmapped, spec.name, value);
            }
        }
        let mut refused = notes.refused;
        refused.extend(removed.iter().filter_map(|origin| match origin {
            Origin::Attr(index) => Some(*index),
            Origin::Column(_) => None,
        }));
        refused.sort_unstable();
        refused.dedup();
        for (path, value) in refused.into_iter().map(|index| &self.attrs[index]) {
            add_unmapped(&mut unmapped, path, value.clone());
        }
        if !unmapped.is_empty() {
            members.insert("unmapped".to_owned(), unmapped.into());
        }
        if !profiles.is_empty()
            && let Some(Value::Object(metadata)) = members.get_mut("metadata")
        {
            metadata.insert("profiles".to_owned(), profiles.into());
        }
        if let Some(raw) = self.row.bytes(Column::Raw) {
            members.insert("raw_data".to_owned(), String::from_utf8_lossy(raw).into());
            members.insert("raw_data_size".to_owned(), raw.len().into());
        }
        members
    }

    /// The source's own fields, and `attrs` where it is no object.
    fn own_unmapped(&self) -> Map<String, Value> {
        let mut unmapped = Map::new();
        if let Some(text) = self.row.text(Column::Unmapped) {
            match serde_json::from_str(text) {
                Ok(Value::Object(members)) => {
                    for (name, value) in members {
                        add_unmapped(&mut unmapped, &name, value);
                    }
                }
                _ => add_unmapped(&mut unmapped, Column::Unmapped.name(), text.into()),
            }
        }
        if let Some(text) = self.row.text(Column::Attrs)
            && self.attrs.is_empty()
            && !matches!(serde_json::from_str(text), Ok(Value::Object(_)))
        {
            add_unmapped(&mut unmapped, Column::Attrs.name(), text.into());
        }
        unmapped
    }
}

/// Adds a field. A field of the source that has the name already gets a longer one: nobody can hide
/// a column by naming a field of his own like it.
fn add_unmapped(unmapped: &mut Map<String, Value>, name: &str, value: Value) {
    let Some(value) = values::without_nulls(value) else { return };
    let value = if values::depth(&value) > values::DEPTH_MAX {
        Value::from(value.to_string())
    } else {
        value
    };
    if let Some(former) = unmapped.insert(name.to_owned(), value) {
        let mut longer = name.to_owned();
        while unmapped.contains_key(&longer) {
            longer.insert_str(0, "unmapped.");
        }
        unmapped.insert(longer, former);
    }
}
