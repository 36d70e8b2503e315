#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use stele_event::{EventBatch, Kind, RowView};

use super::*;
use crate::driver::{Delivery, map_records};

const RECEIVED: i64 = 1_790_000_000_000_000;

fn parse(input: &[u8], piece: usize) -> EventBatch {
    let mut splitter = VpcFlow.splitter(1 << 16);
    let (mut batch, mut start, mut end) = (EventBatch::new(), 0, 0);
    loop {
        end = (end + piece).min(input.len());
        let mut spans = Vec::new();
        let consumed = splitter.split(&input[start..end], end == input.len(), &mut spans);
        let delivery = Delivery {
            received_micros: RECEIVED,
            zone_offset_seconds: 0,
            source: None,
            path: None,
            header: splitter.context(),
        };
        map_records(&VpcFlow, &input[start..end], &spans, &delivery, &mut batch);
        start += consumed;
        if end == input.len() {
            return batch;
        }
    }
}

/// The columns that a row sets, but for those that the driver sets in every row.
fn shown(batch: &EventBatch, index: usize) -> String {
    let row = batch.get(index);
    let left_out = [
        "ingest_time",
        "time_quality",
        "category_uid",
        "type_uid",
        "source_type",
        "parser_version",
        "raw",
    ];
    let mut parts = Vec::new();
    for spec in stele_event::COLUMNS.iter().filter(|spec| !left_out.contains(&spec.name)) {
        let value = match spec.kind {
            Kind::Text => row.text(spec.column).map(str::to_owned),
            Kind::Int32 | Kind::Int64 | Kind::Time => row.int(spec.column).map(|n| n.to_string()),
            Kind::Bool => row.flag(spec.column).map(|flag| flag.to_string()),
            Kind::TextList => row.list(spec.column).map(|list| list.join("|")),
            Kind::Bytes => None,
        };
        parts.extend(value.map(|value| format!("{}={value}", spec.name)));
    }
    parts.join(" ")
}

#[test]
fn records_fill_their_columns() {
    let cases: &[(&str, &[&str])] = &[
        // The default of version 2 without a header, more than one space, and what CloudWatch
        // exports put in front.
        (
            "2 000123456789 eni-1 192.0.2.1 192.0.2.2  20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n\
             2026-11-24T10:00:00.000Z 2 unknown eni-1 192.0.2.1 2001:DB8::1 0 0 1 1 84 \
             1418530010 1418530070 REJECT OK\r\n\n\
             2 123456789012 eni-1 - - - - - - - 1431280876 1431280934 - SKIPDATA",
            &[
                "time=1418530010000000 time_end=1418530070000000 class_uid=4001 activity_id=6 severity_id=1 \
                 status_id=1 status_code=OK disposition_id=1 action_id=1 parse_status=ok \
                 account_uid=000123456789 \
                 operation=ACCEPT src_ip=192.0.2.1 src_port=20641 dst_ip=192.0.2.2 dst_port=22 \
                 interface_uid=eni-1 \
                 protocol_num=6 bytes=4249 packets=20 duration_ms=60000",
                "time=1418530010000000 time_end=1418530070000000 class_uid=4001 activity_id=5 severity_id=1 \
                 status_id=2 status_code=OK disposition_id=2 action_id=2 parse_status=ok \
                 account_uid=unknown \
                 operation=REJECT src_ip=192.0.2.1 src_port=0 dst_ip=2001:db8::1 dst_port=0 \
                 interface_uid=eni-1 \
                 protocol_num=1 bytes=84 packets=1 duration_ms=60000",
                "time=1431280876000000 time_end=1431280934000000 class_uid=4001 activity_id=0 severity_id=1 \
                 status_code=SKIPDATA parse_status=ok account_uid=123456789012 interface_uid=eni-1 duration_ms=58000",
            ],
        ),
        // The packet's addresses behind a gateway, the instance by the direction, other fields.
        (
            "vpc_id instance_id srcaddr dstaddr pkt_srcaddr pkt_dstaddr action windowstart windowend tcp_flags flow_direction x_new\n\
             vpc-1 i-1 10.0.0.1 10.0.0.2 203.0.113.5 10.0.0.2 ACCEPT 100000000 100000060 18 \
             egress -\n\
             vpc-1\ti-1 10.0.0.1 10.0.0.2 - - ACCEPT 100000000 100000060 - ingress \"é\\\n",
            &[
                "time=100000000000000 time_end=100000060000000 class_uid=4001 activity_id=6 severity_id=1 status_id=1 \
                 disposition_id=1 action_id=1 parse_status=ok operation=ACCEPT \
                 src_ip=203.0.113.5 dst_ip=10.0.0.2 \
                 src_instance_uid=i-1 vpc_uid=vpc-1 direction_id=2 duration_ms=60000 \
                 attrs={\"src_endpoint.intermediate_ips\":[\"10.0.0.1\"]} unmapped={\"tcp-flags\":\"18\"}",
                "time=100000000000000 time_end=100000060000000 class_uid=4001 activity_id=6 severity_id=1 status_id=1 \
                 disposition_id=1 action_id=1 parse_status=ok operation=ACCEPT src_ip=10.0.0.1 \
                 dst_ip=10.0.0.2 \
                 dst_instance_uid=i-1 vpc_uid=vpc-1 direction_id=1 duration_ms=60000 unmapped={\"x-new\":\"\\\"é\\\\\"}",
            ],
        ),
        // Objects that were joined, a value that is none, a line that is none.
        (
            "srcaddr dstport action\n192.0.2.1 80 ACCEPT\nsrcaddr dstport action\n192.0.2.1 80000 ACCEPT\na b c\n1 2\n",
            &[
                "time=1790000000000000 class_uid=4001 activity_id=6 severity_id=1 status_id=1 disposition_id=1 \
                 action_id=1 parse_status=ok operation=ACCEPT src_ip=192.0.2.1 dst_port=80",
                "time=1790000000000000 class_uid=4001 activity_id=6 severity_id=1 status_id=1 disposition_id=1 \
                 action_id=1 parse_status=partial parse_error=not what their fields hold: 80000 operation=ACCEPT src_ip=192.0.2.1",
                "time=1790000000000000 class_uid=0 activity_id=0 severity_id=0 parse_status=failed \
                 parse_error=no value fits the header: not what their fields hold: a, b, c",
                "time=1790000000000000 class_uid=0 activity_id=0 severity_id=0 parse_status=failed \
                 parse_error=2 values where the header names 3",
            ],
        ),
    ];
    for (input, expected) in cases {
        for piece in [usize::MAX >> 1, 1, 7] {
            let batch = parse(input.as_bytes(), piece);
            let found: Vec<String> = (0..batch.rows()).map(|index| shown(&batch, index)).collect();
            assert_eq!(found, *expected, "{input}");
        }
    }
}

#[test]
fn without_a_header_only_a_default_is_believed() {
    let gateway = "6 TransitGateway 123456789012 tgw-1 tgw-attach-1 - - vpc-1 vpc-2 - - eni-1 eni-2 use1-az1 use1-az2 \
                   tgw-attach-2 10.0.0.1 10.0.1.1 1234 443 6 10 1000 1700000000 1700000060 OK \
                   IPv4 0 0 0 0 2 \
                   us-east-1 ingress - -";
    let batch = parse(gateway.as_bytes(), 1 << 20);
    let row = batch.get(0);
    assert_eq!(row.text(Column::ParseStatus), Some("ok"));
    assert_eq!(
        (row.text(Column::DstIp), row.int(Column::DirectionId)),
        (Some("10.0.1.1"), Some(1))
    );
    assert!(row.text(Column::Unmapped).unwrap().contains(r#""tgw-id":"tgw-1""#));
    for line in [
        "3 eni-1 123456789012 vpc-1 10.20.33.164 10.40.2.236 39812 80 6 3 IPv4 1 ACCEPT OK",
        "2 123456789012 eni-1 192.0.2.1 192.0.2.2 20641 22 6 20 4249 1418530010 1418530070 ACCEPT FINE",
        "2 123456789012 eni-1 192.0.2.01 192.0.2.2 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
        "the interface start of a line",
        "\u{fffd}",
    ] {
        let batch = parse(line.as_bytes(), 1 << 20);
        assert_eq!(batch.get(0).text(Column::ParseStatus), Some("failed"), "{line}");
        assert_eq!(batch.get(0).bytes(Column::Raw), Some(line.as_bytes()));
    }
    assert_eq!(parse(b"\xff\xfe 1", 1 << 20).get(0).text(Column::ParseStatus), Some("failed"));
}

#[test]
fn it_is_told_from_other_text() {
    let keyed = Hint { path: Some("AWSLogs/1/vpcflowlogs/us-east-1/x.log.gz"), content_type: None };
    let cases: &[(&str, u8, u8)] = &[
        ("version account-id interface-id srcaddr dstaddr\n2 1 eni 192.0.2.1 192.0.2.2", 95, 95),
        ("srcaddr dstaddr srcport dstport protocol packets bytes start end action", 95, 95),
        ("pkt_srcaddr pkt_dstaddr some-new-field", 95, 95),
        ("\n2 123456789012 eni-1 - - - - - - - 1431280876 1431280934 - NODATA", 92, 92),
        ("3 vpc-1 10.0.0.1 ACCEPT", 0, 60),
        ("start the action of region 9", 0, 60),
        ("{\"srcaddr\":\"192.0.2.1\",\"action\":\"ACCEPT\"}", 0, 0),
        ("Nov 24 10:00:00 host sshd[1]: start end", 0, 60),
        ("", 0, 0),
    ];
    for (head, plain, with_key) in cases {
        assert_eq!(VpcFlow.detect(&Hint::default(), head.as_bytes()).0, *plain, "{head}");
        assert_eq!(VpcFlow.detect(&keyed, head.as_bytes()).0, *with_key, "{head}");
    }
}

proptest! {
    #[test]
    fn any_values_are_answered(
        header in "(version |srcaddr |dstport |start |end |action |log-status |flow-direction )*(new ){0,2}",
        values in "([0-9]{1,20} |- |ACCEPT |192\\.0\\.2\\.1 |[!-~é] )*",
    ) {
        let input = format!("srcaddr start end {header}\n{values}\n");
        let batch = parse(input.as_bytes(), 1 << 20);
        let raw_of = |i: usize| batch.get(i).bytes(Column::Raw).unwrap().to_vec();
        let raw: Vec<_> = (0..batch.rows()).map(raw_of).collect();
        let expected = if values.is_empty() { vec![] } else { vec![values.as_bytes()] };
        prop_assert_eq!(raw, expected);
    }
}
