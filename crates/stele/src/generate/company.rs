//! Kiln & Quarry, the company that the demonstration watches: its people, accounts and machines.
//!
//! All of it is made up. Addresses are those that RFC 5737 and RFC 3849 set aside for
//! documentation (and RFC 1918 inside the networks), names end in `example.com`, and key ids end
//! in `EXAMPLE`, so that nothing in it can be anybody's.

use super::random::{Random, hash};

/// The account of the shop.
pub(super) const PRODUCTION: &str = "111122223333";
/// The account in which things are tried.
pub(super) const STAGING: &str = "444455556666";
/// The main region.
pub(super) const FRANKFURT: &str = "eu-central-1";
/// The region in which global services log.
pub(super) const VIRGINIA: &str = "us-east-1";

/// Where a log comes from: an account and a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) account: &'static str,
    pub(super) region: &'static str,
}

/// Where the shop runs.
pub(super) const SHOP: Place = Place { account: PRODUCTION, region: FRANKFURT };

/// Every place, and how much of the work happens there.
pub(super) const PLACES: [(Place, u64); 4] = [
    (SHOP, 66),
    (Place { account: PRODUCTION, region: VIRGINIA }, 8),
    (Place { account: STAGING, region: FRANKFURT }, 22),
    (Place { account: STAGING, region: VIRGINIA }, 4),
];

/// What an account is called.
pub(super) fn account_name(account: &str) -> &'static str {
    if account == PRODUCTION { "kq-production" } else { "kq-staging" }
}

/// Somebody who works there.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: &'static str,
    /// The role taken through single sign-on.
    pub(super) role: &'static str,
    /// The address at home.
    pub(super) home: &'static str,
}

const fn person(name: &'static str, role: &'static str, home: &'static str) -> Person {
    Person { name, role, home }
}

/// Everybody who works there.
pub(super) const PEOPLE: [Person; 20] = [
    person("amira.haddad", "Administrator", "192.0.2.101"),
    person("anton.vogel", "Developer", "192.0.2.102"),
    person("bea.lindqvist", "Developer", "2001:db8:1f0a::12"),
    person("carlo.ferri", "Developer", "192.0.2.104"),
    person("dana.novak", "Developer", "192.0.2.105"),
    person("edith.okafor", "Administrator", "192.0.2.106"),
    person("farid.rahimi", "Developer", "192.0.2.107"),
    person("greta.moen", "Analyst", "2001:db8:2c31::7"),
    person("hugo.almeida", "Developer", "192.0.2.109"),
    person("ines.duarte", "Analyst", "192.0.2.110"),
    person("jonas.weiss", "Developer", "192.0.2.111"),
    person("kaja.horvat", "Support", "192.0.2.112"),
    person("liam.byrne", "Support", "192.0.2.113"),
    person("mei.tanaka", "Developer", "2001:db8:77::21"),
    person("noor.visser", "Billing", "192.0.2.115"),
    person("olga.petrova", "Analyst", "192.0.2.116"),
    person("paul.mercier", "Auditor", "192.0.2.117"),
    person("rosa.keller", "Developer", "192.0.2.118"),
    person("sami.laine", "Support", "192.0.2.119"),
    person("tessa.brandt", "Developer", "192.0.2.120"),
];

/// An address of the office (198.51.100.0/24).
pub(super) fn office_address(random: &mut Random) -> String {
    format!("198.51.100.{}", 10 + random.below(6))
}

/// A role that a service of the company acts in.
#[derive(Debug)]
pub(super) struct ServiceRole {
    pub(super) role: &'static str,
    pub(super) session: &'static str,
    pub(super) address: &'static str,
    pub(super) user_agent: &'static str,
    pub(super) bucket: &'static str,
    pub(super) secret: &'static str,
}

/// The service roles.
pub(super) const SERVICE_ROLES: [ServiceRole; 4] = [
    ServiceRole {
        role: "shop-web",
        session: "9f2c41d07ab34e11",
        address: "10.20.1.11",
        user_agent: "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux lang/python#3.13.7",
        bucket: "kq-shop-assets",
        secret: "shop/database",
    },
    ServiceRole {
        role: "order-worker",
        session: "c7e05b9d22f14a83",
        address: "10.20.2.21",
        user_agent: "aws-sdk-rust/1.3.9 os/linux lang/rust/1.90.0",
        bucket: "kq-orders",
        secret: "orders/payment-gateway",
    },
    ServiceRole {
        role: "glaze-renderer",
        session: "i-0c41aa97be5d20f61",
        address: "10.20.2.22",
        user_agent: "aws-sdk-go-v2/1.39.2 os/linux lang/go#1.25.1 md/GOOS#linux md/GOARCH#arm64",
        bucket: "kq-product-images",
        secret: "renderer/licence",
    },
    ServiceRole {
        role: "nightly-backup",
        session: "backup",
        address: "10.20.3.40",
        user_agent: "aws-cli/2.31.13 md/awscrt#0.27.6 ua/2.1 os/linux#6.1.155 md/arch#x86_64",
        bucket: "kq-backups",
        secret: "shop/database",
    },
];

/// The bucket that nobody outside the shop should read.
pub(super) const SENSITIVE_BUCKET: &str = "kq-customer-records";
/// The bucket into which the trails are written.
pub(super) const TRAIL_BUCKET: &str = "kq-audit-logs";
/// The interface endpoint through which the services reach S3.
pub(super) const VPC_ENDPOINT: &str = "vpce-0b7d1f3a90c2e4d58";
/// The address from which the continuous integration speaks.
pub(super) const CI_ADDRESS: &str = "192.0.2.40";

/// A machine.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) name: &'static str,
    pub(super) account: &'static str,
    pub(super) vpc: &'static str,
    pub(super) instance: &'static str,
    pub(super) interface: &'static str,
    pub(super) address: &'static str,
}

const SHOP_VPC: &str = "vpc-0a51c2f7e9d340b86";

/// The machine through which administrators come in; open to the internet.
pub(super) const BASTION: Host = Host {
    name: "bastion-1",
    account: PRODUCTION,
    vpc: SHOP_VPC,
    instance: "i-0f3b6d1298ac4e570",
    interface: "eni-0d92e7f41b6a3c805",
    address: "10.20.0.10",
};

/// The public address of the bastion.
pub(super) const BASTION_PUBLIC: &str = "192.0.2.20";

/// The database.
pub(super) const DATABASE: Host = Host {
    name: "shop-db-1",
    account: PRODUCTION,
    vpc: SHOP_VPC,
    instance: "-",
    interface: "eni-04c8a16be27f95d03",
    address: "10.20.3.31",
};

const fn host(
    name: &'static str,
    instance: &'static str,
    interface: &'static str,
    address: &'static str,
) -> Host {
    Host { name, account: PRODUCTION, vpc: SHOP_VPC, instance, interface, address }
}

/// Every machine.
pub(super) const HOSTS: [Host; 7] = [
    BASTION,
    host("web-1", "i-07a2e9c14fd83b650", "eni-0135fa8e6c9d72b40", "10.20.1.11"),
    host("web-2", "i-0be61d7f3a9042c85", "eni-0f60b3d2859ae71c4", "10.20.1.12"),
    host("worker-1", "i-05d9f82b7c1e6a304", "eni-0a7e45c91d3f82b60", "10.20.2.21"),
    host("renderer-1", "i-0c41aa97be5d20f61", "eni-09b2c7f3e8041da56", "10.20.2.22"),
    DATABASE,
    Host {
        name: "git-1",
        account: STAGING,
        vpc: "vpc-0e83b7a94c1d6f025",
        instance: "i-01e7c4b92fa6d8035",
        interface: "eni-0c5d8b1f7e23a9046",
        address: "10.30.0.15",
    },
];

/// The machines that run an SSH server.
pub(super) const SSH_HOSTS: [&Host; 3] = [&HOSTS[0], &HOSTS[1], &HOSTS[6]];

/// An id of a principal (`AIDA…`, `AROA…`) that is always the same for the same name.
pub(super) fn principal_id(prefix: &str, account: &str, name: &str) -> String {
    let mut random = Random::new(hash(account) ^ hash(name));
    format!("{prefix}{}EXAMPLE", random.base32(10))
}

/// The key id of a session: `ASIA…EXAMPLE`, twenty characters as at AWS.
pub(super) fn session_key(random: &mut Random) -> String {
    format!("ASIA{}EXAMPLE", random.base32(9))
}

/// Addresses from which strangers try passwords all day, and what each of them tries.
pub(super) const STRANGERS: [&str; 14] = [
    "203.0.113.9",
    "203.0.113.14",
    "203.0.113.41",
    "203.0.113.58",
    "203.0.113.102",
    "203.0.113.119",
    "203.0.113.160",
    "203.0.113.201",
    "203.0.113.202",
    "203.0.113.240",
    "192.0.2.203",
    "192.0.2.218",
    "192.0.2.231",
    "2001:db8:bad:5::1f",
];

/// A customer's address.
pub(super) fn customer_address(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!("2001:db8:{:x}::{:x}", 0x4000 + random.below(200), 1 + random.below(9)),
        _ => format!("192.0.2.{}", 130 + random.below(70)),
    }
}
