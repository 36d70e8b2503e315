//! What aws-cli accepts: the table of `docs/cloudtrail-digests.md`, and variants of it.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use stele_verify::cloudtrail::Kind;

use super::{a_log, edited, forge_log, middle, newest, of_day_two, rewrite};
use crate::cloudtrail::chains::{Chain, HOME, Log, OTHER, STOP, Stop, at, event, three_days};
use crate::cloudtrail::world::{aws, hex, packed, stranger, unpacked};
use crate::cloudtrail::{Case, case};

pub(crate) const ACCEPTED_BY_AWS_CLI: &[Case] = &[
    case("newest digest deleted", &[Kind::NotCoveredToEnd], |world, _| {
        world.take(&newest(world));
    }),
    case("newest digest deleted with its logs", &[Kind::NotCoveredToEnd], |world, _| {
        world.take_with_logs(&[newest(world)]);
    }),
    case(
        "newest 4 digests deleted",
        &[Kind::NotCoveredToEnd, Kind::LogUnreferenced],
        |world, _| {
            let all = world.digests(HOME);
            all[all.len() - 4..].iter().for_each(|key| drop(world.take(key)));
        },
    ),
    case("newest 4 digests deleted, no end given", &[Kind::NotCoveredToEnd], |world, options| {
        options.end = None;
        let all = world.digests(HOME);
        world.take_with_logs(&all[all.len() - 4..]);
    }),
    case("all digests of a region deleted", &[Kind::NoDigests], |world, _| {
        world.digests(OTHER).iter().for_each(|key| drop(world.take(key)));
    }),
    case("a region that was asked for deleted", &[Kind::NoDigests], |world, options| {
        options.selection.regions = vec![HOME.to_owned(), OTHER.to_owned()];
        world.take_with_logs(&world.digests(OTHER));
    }),
    case("all that a region has of the interval deleted", &[Kind::NotCoveredToEnd], |world, o| {
        o.start = Some(at("2026-01-03T00:00:00Z"));
        let all = world.digests(OTHER);
        world.take_with_logs(&all[44..]);
    }),
    case("everything deleted", &[Kind::NoDigests], |world, _| world.objects.clear()),
    case("restart gap widened by 2 hours before it", &[Kind::GapUnexplained], |world, _| {
        world.take_with_logs(&of_day_two(world, 4..6));
    }),
    case("everything before the restart deleted", &[Kind::NotCoveredToStart], |world, _| {
        let all = world.digests(HOME);
        world.take_with_logs(&all[..30]);
    }),
    case("forged extra log", &[Kind::LogUnreferenced], |world, _| {
        forge_log(world, "2026-01-01T12:10:00Z");
    }),
    case("forged log in the time without logging", &[Kind::LogUnreferenced], |world, _| {
        forge_log(world, "2026-01-02T08:10:00Z");
    }),
    case("log copied under a second key", &[Kind::LogUnreferenced], |world, _| {
        let log = a_log(world);
        world.set(&log.replace("main", "copy"), world.get(&log).clone());
    }),
    case("log whose gzip checksum is cut off", &[Kind::LogGzip], |world, _| {
        let (log, mut bytes) = (a_log(world), world.get(&a_log(world)).clone());
        bytes.truncate(bytes.len() - 8);
        world.set(&log, bytes);
    }),
    case("digest with a second gzip member", &[Kind::DigestGzip], |world, _| {
        let (key, mut bytes) = (middle(world), world.get(&middle(world)).clone());
        bytes.extend(packed(b"more"));
        world.set(&key, bytes);
    }),
    case("signature algorithm `none`", &[Kind::DigestAlgorithm], |world, _| {
        let key = newest(world);
        world.edit_metadata(&key, |metadata| metadata["signature-algorithm"] = json!("none"));
    }),
    case(
        "second valid digest for a key in the middle",
        &[Kind::ChainHash, Kind::ChainSignature],
        |world, _| {
            let key = middle(world);
            world.edit(&key, |digest| digest["logFiles"] = json!([]));
            world.sign(&key, aws());
        },
    ),
    case("second valid digest for the newest key", &[Kind::AnchorDiffers], |world, _| {
        let key = newest(world);
        world.anchor(&key);
        world.edit(&key, |digest| digest["oldestEventTime"] = json!(null));
        world.sign(&key, aws());
    }),
    case("backfill digest deleted", &[Kind::LogUnreferenced], |world, _| {
        world.take(&world.backfills(HOME)[1]);
    }),
    case("backfill digest deleted with its log, anchored", &[Kind::AnchorMissing], |world, _| {
        let key = world.backfills(HOME)[1].clone();
        world.anchor(&key);
        world.take_with_logs(&[key]);
    }),
    case("digest under a name that is not read", &[Kind::NameUnknown], |world, _| {
        let key = newest(world);
        world.rename(&key, &key.replace("_CloudTrail-Digest_", "_Digest_"));
    }),
    case("forged logs named by a forged trail's digest", &[Kind::LogUnreferenced], |world, o| {
        o.selection.trails = vec!["main".to_owned()];
        let noon = at("2026-01-01T12:00:00Z");
        let mut forged = Chain { trail: "other", signer: stranger(), ..Chain::new(HOME) };
        let logs: [Log<'_>; 1] = [(10, &[event(noon, 1)])];
        forged.deliver(world, noon, at("2026-01-01T13:00:00Z"), &logs);
    }),
    case("stop that was refused", &[Kind::GapUnexplained], |world, _| {
        *world = three_days(Stop { error: Some("AccessDenied"), ..STOP });
    }),
    case("stop of another trail", &[Kind::GapUnexplained], |world, _| {
        *world = three_days(Stop { trail: "other", ..STOP });
    }),
    case("stop of a trail of that name elsewhere", &[Kind::GapUnexplained], |world, _| {
        let trail = "arn:aws:cloudtrail:us-west-2:111122223333:trail/main";
        *world = three_days(Stop { trail, ..STOP });
    }),
    case("no stop, but a start", &[Kind::GapUnexplained], |world, _| {
        *world = three_days(Stop { call: "StartLogging", ..STOP });
    }),
    case("log changed that holds the stop", &[Kind::GapUnexplained, Kind::LogHash], |world, _| {
        let digest = of_day_two(world, 5..6).remove(0);
        let log = world.logs_of(&digest)[1].clone();
        world.set(&log, edited(world, &log));
    }),
    case("log rewritten with all digests after it", &[Kind::AnchorDiffers], |world, _| {
        let (digest, log) = (middle(world), a_log(world));
        world.anchor(&log);
        let bytes = edited(world, &log);
        let hash = hex(&Sha256::digest(unpacked(&bytes)));
        world.set(&log, bytes);
        rewrite(world, &digest, |json| json["logFiles"][1]["hashValue"] = json!(hash));
    }),
];
