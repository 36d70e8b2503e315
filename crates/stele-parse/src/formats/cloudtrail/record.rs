//! A CloudTrail record as it is read: every field optional, none able to refuse the record.
//!
//! AWS CloudTrail user guide, "CloudTrail record contents" (versions 1.0 to 1.11).

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::lenient::{ITSELF, Json, Lenient, Members, Take, Text, lenient};

lenient! {
    /// A record.
    Record {
        event_version "eventVersion" Text,
        identity "userIdentity" Identity,
        event_time "eventTime" Text,
        event_source "eventSource" Text,
        event_name "eventName" Text,
        region "awsRegion" Text,
        source_ip "sourceIPAddress" Text,
        user_agent "userAgent" Text,
        error_code "errorCode" Text,
        error_message "errorMessage" Text,
        request "requestParameters" Json,
        response "responseElements" Json,
        additional "additionalEventData" Json,
        request_id "requestID" Text,
        event_id "eventID" Text,
        read_only "readOnly" Text,
        resources "resources" Resources,
        event_type "eventType" Text,
        recipient_account "recipientAccountId" Text,
        shared_event_id "sharedEventID" Text,
        category "eventCategory" Text,
        tls "tlsDetails" Tls,
        service_event "serviceEventDetails" Json,
        insight "insightDetails" Insight,
        detail "detail" Json,
    }
}
lenient! {
    /// Who asked: section "CloudTrail userIdentity element".
    Identity {
        kind "type" Text,
        principal_id "principalId" Text,
        arn "arn" Text,
        account_id "accountId" Text,
        access_key_id "accessKeyId" Text,
        user_name "userName" Text,
        session "sessionContext" Session,
        invoked_by "invokedBy" Text,
    }
}
lenient! {
    /// The session of temporary credentials.
    Session {
        issuer "sessionIssuer" Issuer,
        attributes "attributes" Attributes,
    }
}
lenient! {
    /// Who gave out the temporary credentials.
    Issuer {
        arn "arn" Text,
    }
}
lenient! {
    /// How the session was opened.
    Attributes {
        mfa "mfaAuthenticated" Text,
    }
}
lenient! {
    /// Section "CloudTrail Insights insightDetails element".
    Insight {
        state "state" Text,
        event_source "eventSource" Text,
        event_name "eventName" Text,
        kind "insightType" Text,
    }
}
lenient! {
    /// The TLS connection of the request.
    Tls {
        host "clientProvidedHostHeader" Text,
    }
}
lenient! {
    /// A resource that the request touched.
    Resource {
        arn "ARN" Text,
    }
}

/// The resources that the request touched.
#[derive(Debug, Default)]
pub(super) struct Resources<'a> {
    pub(super) list: Vec<Resource<'a>>,
    refused: bool,
}

impl<'de> Lenient<'de> for Resources<'de> {
    fn refuse(&mut self) {
        *self = Self { list: Vec::new(), refused: true };
    }

    fn is_refused(&self) -> bool {
        self.refused || self.list.iter().any(Resource::is_refused)
    }

    fn take_list<A: SeqAccess<'de>>(&mut self, mut items: A) -> Result<(), A::Error> {
        *self = Self::default();
        loop {
            let mut resource = Resource::default();
            if items.next_element_seed(Take(&mut resource))?.is_none() {
                return Ok(());
            }
            self.list.push(resource);
        }
    }
}

impl Record<'_> {
    /// Whether it can be nothing but a CloudTrail record, or why it is taken for none.
    pub(super) fn is_cloudtrail(&self) -> Result<(), &'static str> {
        if self.event_source.get().is_some_and(|source| source.starts_with("aws:")) {
            // S3, DynamoDB and SQS notifications have the same names for other things.
            return Err("eventSource names a notification, as S3 and DynamoDB send them");
        }
        let call = self.event_name.get().is_some() && self.event_source.get().is_some();
        let kind = self.event_type.get().is_some_and(|kind| kind.starts_with("Aws"));
        if call || self.is_insight() || (kind && self.event_version.get().is_some()) {
            Ok(())
        } else {
            Err("eventName or eventSource is missing")
        }
    }

    /// Whether it is an Insight event.
    pub(super) fn is_insight(&self) -> bool {
        self.insight.kind.get().is_some()
    }
}
