//! A CloudTrail record as it is read: every field optional, none able to refuse the record.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Text, or a number or flag as text; anything else counts as absent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl Text<'_> {
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Option<Cow<'de, str>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Some(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_owned())))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Some(Cow::Borrowed(if value { "true" } else { "false" })))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_string())))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_string())))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_string())))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(None)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(None)
            }
        }
        deserializer.deserialize_any(TextVisitor).map(Text)
    }
}

/// Declares an object whose members are read leniently: a member that comes twice keeps its last
/// value, one of another type than expected counts as absent.
macro_rules! lenient {
    ($(#[$meta:meta])* $name:ident { $($field:ident $key:literal $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'a> {
            $(pub(super) $field: $kind,)*
            marker: std::marker::PhantomData<&'a ()>,
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor;
                impl<'de> Visitor<'de> for ObjectVisitor {
                    type Value = $name<'de>;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("any value")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some(key) = map.next_key::<Text<'de>>()? {
                            match key.get() {
                                $(Some($key) => object.$field = map.next_value()?,)*
                                _ => { map.next_value::<IgnoredAny>()?; }
                            }
                        }
                        Ok(object)
                    }
                    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                        while seq.next_element::<IgnoredAny>()?.is_some() {}
                        Ok($name::default())
                    }
                    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> { Ok($name::default()) }
                    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> { Ok($name::default()) }
                    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> { Ok($name::default()) }
                    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> { Ok($name::default()) }
                    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> { Ok($name::default()) }
                    fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok($name::default()) }
                }
                deserializer.deserialize_any(ObjectVisitor)
            }
        }
    };
}

lenient! {
    /// AWS CloudTrail user guide, "CloudTrail record contents" (versions 1.0 to 1.11).
    Event {
        event_version "eventVersion" Text<'a>,
        event_time "eventTime" Text<'a>,
        event_source "eventSource" Text<'a>,
        event_name "eventName" Text<'a>,
        event_id "eventID" Text<'a>,
        event_type "eventType" Text<'a>,
        event_category "eventCategory" Text<'a>,
        aws_region "awsRegion" Text<'a>,
        source_ip "sourceIPAddress" Text<'a>,
        user_agent "userAgent" Text<'a>,
        error_code "errorCode" Text<'a>,
        error_message "errorMessage" Text<'a>,
        request_id "requestID" Text<'a>,
        shared_event_id "sharedEventID" Text<'a>,
        recipient_account "recipientAccountId" Text<'a>,
        read_only "readOnly" Text<'a>,
        vpc_endpoint "vpcEndpointId" Text<'a>,
        identity "userIdentity" Identity<'a>,
        resources "resources" Resources<'a>,
        response "responseElements" Response<'a>,
        additional "additionalEventData" Additional<'a>,
        insight "insightDetails" Insight<'a>,
        tls "tlsDetails" Tls<'a>,
        detail "detail" Box<Option<Event<'a>>>,
    }
}
lenient! {
    Identity {
        kind "type" Text<'a>,
        user_name "userName" Text<'a>,
        arn "arn" Text<'a>,
        principal_id "principalId" Text<'a>,
        account_id "accountId" Text<'a>,
        access_key_id "accessKeyId" Text<'a>,
        invoked_by "invokedBy" Text<'a>,
        session "sessionContext" Session<'a>,
    }
}
lenient! {
    Session {
        issuer "sessionIssuer" Issuer<'a>,
        attributes "attributes" Attributes<'a>,
    }
}
lenient! {
    Issuer {
        arn "arn" Text<'a>,
        user_name "userName" Text<'a>,
    }
}
lenient! {
    Attributes {
        mfa "mfaAuthenticated" Text<'a>,
    }
}
lenient! {
    Response {
        console_login "ConsoleLogin" Text<'a>,
    }
}
lenient! {
    Additional {
        mfa_used "MFAUsed" Text<'a>,
    }
}
lenient! {
    Insight {
        state "state" Text<'a>,
        event_name "eventName" Text<'a>,
        event_source "eventSource" Text<'a>,
        insight_type "insightType" Text<'a>,
    }
}
lenient! {
    Tls {
        host "clientProvidedHostHeader" Text<'a>,
    }
}
lenient! {
    Resource {
        arn "ARN" Text<'a>,
    }
}

/// The resources of a record; anything but a list counts as none.
#[derive(Debug, Default)]
pub(super) struct Resources<'a>(pub(super) Vec<Resource<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Resources<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor;
        impl<'de> Visitor<'de> for ListVisitor {
            type Value = Vec<Resource<'de>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(resource) = seq.next_element()? {
                    list.push(resource);
                }
                Ok(list)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Vec::new())
            }
            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
        }
        deserializer.deserialize_any(ListVisitor).map(Resources)
    }
}
