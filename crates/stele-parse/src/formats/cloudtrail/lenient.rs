//! Reads JSON into a shape without ever refusing the record for one member.
//!
//! A member may be missing, null, come twice (the last counts), or be of another type than
//! expected: then it counts as absent, and the object remembers its name. What serde_json cannot
//! read at all although the record is JSON (half a surrogate pair, a number out of range) is gone
//! around by [`Lenient::mend`], member by member.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A value that any JSON can be read into, in place: records are large and would be moved often.
pub(super) trait Lenient<'de>: Default {
    /// Takes note that the JSON is of another type than expected.
    fn refuse(&mut self);

    /// Whether it, or a member of it, was of another type than expected.
    fn is_refused(&self) -> bool;

    /// Takes a text, a whole number (as its text) or a flag (as its text).
    fn take_text(&mut self, _: Cow<'de, str>) {
        self.refuse();
    }

    /// Takes an object.
    fn take_object<A: MapAccess<'de>>(&mut self, mut members: A) -> Result<(), A::Error> {
        self.refuse();
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    /// Takes a list.
    fn take_list<A: SeqAccess<'de>>(&mut self, mut items: A) -> Result<(), A::Error> {
        self.refuse();
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    /// Takes the next value, whatever it is.
    fn take<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(Take(self))
    }

    /// Takes what can be had of a JSON text that serde_json read no value from.
    fn mend(&mut self, json: &'de str) {
        if read(json, self).is_err() {
            self.refuse();
        }
    }
}

/// Reads a JSON text into a value.
pub(super) fn read<'de>(json: &'de str, value: &mut impl Lenient<'de>) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    value.take(&mut deserializer)?;
    deserializer.end()
}

/// Reads the next value of a deserializer into this one. What was there before is forgotten.
pub(super) struct Take<'v, T: ?Sized>(pub(super) &'v mut T);

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Take<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.take(deserializer)
    }
}

impl<'de, T: Lenient<'de>> Visitor<'de> for Take<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.0.take_text(Cow::Borrowed(value));
        Ok(())
    }
    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.take_text(Cow::Owned(value.to_owned()));
        Ok(())
    }
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.take_text(Cow::Borrowed(if value { "true" } else { "false" }));
        Ok(())
    }
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.take_text(Cow::Owned(value.to_string()));
        Ok(())
    }
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.take_text(Cow::Owned(value.to_string()));
        Ok(())
    }
    // The text of a fraction would not be the one in the record.
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.0.refuse();
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        *self.0 = T::default();
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.0.take_object(members)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.0.take_list(items)
    }
}

/// Text, or a whole number or flag as text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Text<'a> {
    #[default]
    Absent,
    Refused,
    Borrowed(&'a str),
    Owned(Box<str>),
}

impl Text<'_> {
    pub(super) fn get(&self) -> Option<&str> {
        match self {
            Self::Absent | Self::Refused => None,
            Self::Borrowed(text) => Some(text),
            Self::Owned(text) => Some(text),
        }
    }

    pub(super) fn is(&self, value: &str) -> bool {
        self.get() == Some(value)
    }
}

impl<'de> Lenient<'de> for Text<'de> {
    fn refuse(&mut self) {
        *self = Self::Refused;
    }

    fn is_refused(&self) -> bool {
        *self == Self::Refused
    }

    fn take_text(&mut self, value: Cow<'de, str>) {
        *self = match value {
            Cow::Borrowed(text) => Self::Borrowed(text),
            Cow::Owned(text) => Self::Owned(text.into_boxed_str()),
        };
    }

    fn mend(&mut self, json: &'de str) {
        if read(json, self).is_err() {
            let text = serde_json::from_str::<String>(&without_half_pairs(json));
            *self = text.map_or(Self::Refused, |text| Self::Owned(text.into_boxed_str()));
        }
    }
}

/// Puts U+FFFD where an escape is half of a surrogate pair, which no text can hold.
fn without_half_pairs(json: &str) -> String {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let pair = |low: &str| unit(low).is_some_and(|low| (0xDC00..0xE000).contains(&low));
        let (keep, length) = match unit(rest) {
            Some(0xD800..0xDC00) if rest.get(6..).is_some_and(pair) => (true, 12),
            Some(0xD800..0xE000) => (false, 6),
            Some(_) => (true, 6),
            None => (true, 1 + rest[1..].chars().next().map_or(0, char::len_utf8)),
        };
        mended.push_str(if keep { &rest[..length] } else { "\\ufffd" });
        rest = &rest[length..];
    }
    mended + rest
}

/// A value of any type, as its JSON text; read where it is needed.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Json<'a>(Option<&'a RawValue>);

impl<'a> Json<'a> {
    /// The JSON text, if it is an object.
    pub(super) fn object(self) -> Option<&'a str> {
        self.0.map(RawValue::get).filter(|json| json.starts_with('{'))
    }

    /// The text that an object holds under this name.
    pub(super) fn text_at(self, name: &str) -> Option<Text<'a>> {
        let members = Members::of(self.object()?)?;
        let (_, value) = members.0.into_iter().rfind(|(key, _)| key.is(name))?;
        let mut text = Text::default();
        text.mend(value.get());
        Some(text)
    }
}

impl<'de> Lenient<'de> for Json<'de> {
    fn refuse(&mut self) {
        self.0 = None;
    }

    fn is_refused(&self) -> bool {
        false
    }

    fn take<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.0 = Some(serde::Deserialize::deserialize(deserializer)?);
        Ok(())
    }
}

/// The members of an object, not yet read.
pub(super) struct Members<'a>(pub(super) Vec<(Text<'a>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Of an object's JSON text; `None` where it is not JSON or no object.
    pub(super) fn of(json: &'a str) -> Option<Self> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                loop {
                    let mut key = Text::default();
                    if map.next_key_seed(Take(&mut key))?.is_none() {
                        return Ok(Members(members));
                    }
                    members.push((key, map.next_value()?));
                }
            }
        }
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let members = deserializer.deserialize_map(MembersVisitor).ok()?;
        deserializer.end().ok()?;
        Some(members)
    }
}

/// Declares an object that is read leniently.
macro_rules! lenient {
    ($(#[$meta:meta])* $name:ident { $($field:ident $key:literal $kind:ident,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'a> {
            $(pub(super) $field: $kind<'a>,)*
            /// The name of a member that was of another type than expected.
            pub(super) refused_member: Option<&'static str>,
        }

        impl<'de> Lenient<'de> for $name<'de> {
            fn refuse(&mut self) {
                *self = Self { refused_member: Some(ITSELF), ..Self::default() };
            }

            fn is_refused(&self) -> bool {
                self.refused_member.is_some()
            }

            fn take_object<A: MapAccess<'de>>(&mut self, mut members: A) -> Result<(), A::Error> {
                *self = Self::default();
                loop {
                    let mut key = Text::default();
                    if members.next_key_seed(Take(&mut key))?.is_none() {
                        return Ok(());
                    }
                    match key.get().unwrap_or_default() {
                        $($key => {
                            members.next_value_seed(Take(&mut self.$field))?;
                            if self.$field.is_refused() {
                                self.refused_member = Some($key);
                            }
                        })*
                        _ => { members.next_value::<IgnoredAny>()?; }
                    }
                }
            }

            fn mend(&mut self, json: &'de str) {
                let Some(members) = Members::of(json) else { return self.refuse() };
                *self = Self::default();
                for (key, value) in members.0 {
                    match key.get().unwrap_or_default() {
                        $($key => {
                            self.$field.mend(value.get());
                            if self.$field.is_refused() {
                                self.refused_member = Some($key);
                            }
                        })*
                        _ => {}
                    }
                }
            }
        }
    };
}
pub(super) use lenient;

/// Stands in the place of a member's name where the whole is no object.
pub(super) const ITSELF: &str = "it";
