//! The bodies of `add-checkpoint`.

use proptest::prelude::*;
use stele_ledger::hash::Hash;
use stele_ledger::witness::{AddCheckpoint, WitnessAnswer};

/// The example of C2SP tlog-witness.
const REQUEST: &str = concat!(
    "old 20852014\n",
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n",
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n",
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n",
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n",
    "example.com/behind-the-sofa\n",
    "20852163\n",
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n",
    "— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n",
);
const ANSWER: &str = concat!(
    "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==\n",
    "— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==\n",
    "— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==\n",
);

#[test]
fn the_example_of_the_specification_is_read_and_written() {
    let request = AddCheckpoint::parse(REQUEST.as_bytes()).unwrap();
    assert_eq!((request.old_size, request.consistency.len()), (20_852_014, 4));
    assert_eq!(request.checkpoint.signatures.len(), 2);
    assert_eq!(request.to_string(), REQUEST);
    let first = AddCheckpoint { old_size: 0, consistency: Vec::new(), ..request };
    assert_eq!(AddCheckpoint::parse(first.to_string().as_bytes()).unwrap(), first);
    let long = AddCheckpoint { consistency: vec![Hash::of(b""); 64], ..first };
    assert!(AddCheckpoint::parse(long.to_string().as_bytes()).is_err());
    for wrong in [
        REQUEST.replace("old 20852014", "old 020852014"),
        REQUEST.replace("old 20852014\n", ""),
        REQUEST.replace("old ", "old  "),
        REQUEST.replace("/6WVh", "=6WVh"),
        REQUEST.replacen("\n\n", "\n", 1),
    ] {
        assert!(AddCheckpoint::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn answers_are_told_apart() {
    let read = |status, body: &str| WitnessAnswer::parse(status, body.as_bytes());
    let Ok(WitnessAnswer::Cosigned(signatures)) = read(200, ANSWER) else { panic!() };
    assert_eq!(signatures[2].name, "witness.example/w2");
    assert_eq!(WitnessAnswer::Cosigned(signatures).encode(), (200, ANSWER.to_owned()));
    assert_eq!(read(409, "20852014\n").unwrap(), WitnessAnswer::Conflict { size: 20_852_014 });
    assert_eq!(WitnessAnswer::Conflict { size: 3 }.encode(), (409, "3\n".to_owned()));
    assert!(read(409, "20852014").is_err());
    assert!(read(409, "-1\n").is_err());
    assert!(read(200, "").is_err());
    assert!(WitnessAnswer::parse(200, b"\xff").is_err());
    for (status, answer) in [
        (400, WitnessAnswer::BadRequest),
        (403, WitnessAnswer::Forbidden),
        (404, WitnessAnswer::UnknownLog),
        (422, WitnessAnswer::Inconsistent),
        (503, WitnessAnswer::Other { status: 503 }),
    ] {
        assert_eq!(read(status, "why").unwrap(), answer);
        assert_eq!(answer.encode(), (status, String::new()));
    }
}

proptest! {
    #[test]
    fn parsers_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "\\PC{0,99}",
    ) {
        let _ = AddCheckpoint::parse(&bytes);
        let _ = AddCheckpoint::parse(format!("old 1\n{text}\n\n{text}").as_bytes());
        for status in [200, 409] {
            let _ = WitnessAnswer::parse(status, &bytes);
            let _ = WitnessAnswer::parse(status, text.as_bytes());
        }
    }
}
