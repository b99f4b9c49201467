//! What an RDS instance class is made of. Each family gives so much memory for each virtual CPU, and has
//! the same sizes, so that the few numbers here stand for some hundred classes.

use crate::inventory::rds::InstanceClass;

/// How a family of classes is built.
struct Family {
    names: &'static [&'static str],
    /// In GiB, for each virtual CPU.
    memory: f64,
    /// The class that is the next smaller one below the family's `large`.
    below_large: &'static [(&'static str, &'static str)],
}

const FAMILIES: &[Family] = &[
    Family {
        names: &["m5", "m5d", "m6g", "m6gd", "m6i", "m6id", "m7g", "m7i", "m8g"],
        memory: 4.0,
        below_large: &[
            ("m5", "db.t3.medium"),
            ("m5d", "db.t3.medium"),
            ("m6i", "db.t3.medium"),
            ("m6id", "db.t3.medium"),
            ("m7i", "db.t3.medium"),
            ("m6g", "db.t4g.medium"),
            ("m6gd", "db.t4g.medium"),
            ("m7g", "db.t4g.medium"),
            ("m8g", "db.t4g.medium"),
        ],
    },
    Family {
        names: &["r5", "r5b", "r5d", "r6g", "r6gd", "r6i", "r6id", "r7g", "r7i", "r8g"],
        memory: 8.0,
        below_large: &[
            ("r5", "db.m5.large"),
            ("r5b", "db.m5.large"),
            ("r5d", "db.m5d.large"),
            ("r6g", "db.m6g.large"),
            ("r6gd", "db.m6gd.large"),
            ("r6i", "db.m6i.large"),
            ("r6id", "db.m6id.large"),
            ("r7g", "db.m7g.large"),
            ("r7i", "db.m7i.large"),
            ("r8g", "db.m8g.large"),
        ],
    },
];

/// Sizes by their virtual CPUs.
const SIZES: &[(&str, i64)] = &[
    ("large", 2),
    ("xlarge", 4),
    ("2xlarge", 8),
    ("4xlarge", 16),
    ("8xlarge", 32),
    ("12xlarge", 48),
    ("16xlarge", 64),
    ("24xlarge", 96),
    ("32xlarge", 128),
];

/// Burstable sizes, of t3 and t4g: virtual CPUs, and memory in GiB.
const BURSTABLE: &[(&str, i64, f64)] = &[
    ("micro", 2, 1.0),
    ("small", 2, 2.0),
    ("medium", 2, 4.0),
    ("large", 2, 8.0),
    ("xlarge", 4, 16.0),
    ("2xlarge", 8, 32.0),
];

/// DBInstanceClassMemory in the formulas of the default parameter groups is in bytes.
const GIB: f64 = 1_073_741_824.0;

/// What the class is made of; None for one that is not known here.
pub(super) fn class(name: &str, engine: &str) -> Option<InstanceClass> {
    let (family, size) = name.strip_prefix("db.")?.split_once('.')?;
    let (vcpus, memory_gib) = make(family, size)?;
    let smaller = smaller(family, size).filter(|smaller| !engine.starts_with("aurora") || of_aurora(smaller));
    let memory_of = |class: &String| {
        let (family, size) = class.strip_prefix("db.")?.split_once('.')?;
        Some(make(family, size)?.1)
    };
    Some(InstanceClass {
        family: family.to_owned(),
        vcpus,
        memory_gib,
        smaller_memory_gib: smaller.as_ref().and_then(memory_of),
        smaller,
        default_max_connections: max_connections(engine, memory_gib),
    })
}

fn make(family: &str, size: &str) -> Option<(i64, f64)> {
    if matches!(family, "t3" | "t4g") {
        let (_, vcpus, memory) = BURSTABLE.iter().find(|(name, ..)| *name == size)?;
        return Some((*vcpus, *memory));
    }
    let family = FAMILIES.iter().find(|known| known.names.contains(&family))?;
    let (_, vcpus) = SIZES.iter().find(|(name, _)| *name == size)?;
    #[expect(clippy::cast_precision_loss, reason = "no class has more than some hundred virtual CPUs")]
    let memory = *vcpus as f64 * family.memory;
    Some((*vcpus, memory))
}

fn smaller(family: &str, size: &str) -> Option<String> {
    let before = |names: Vec<&str>| {
        let at = names.iter().position(|name| *name == size)?;
        Some(format!("db.{family}.{}", names[at.checked_sub(1)?]))
    };
    if matches!(family, "t3" | "t4g") {
        return before(BURSTABLE.iter().map(|(name, ..)| *name).collect());
    }
    before(SIZES.iter().map(|(name, _)| *name).collect()).or_else(|| {
        let below = FAMILIES.iter().flat_map(|known| known.below_large).find(|(name, _)| *name == family)?;
        Some(below.1.to_owned())
    })
}

/// Aurora has memory-optimised classes, and burstable ones from medium to large.
fn of_aurora(class: &str) -> bool {
    class.starts_with("db.r") || matches!(class, "db.t3.medium" | "db.t4g.medium")
}

/// What the engine's default parameter group lets in on so much memory.
fn max_connections(engine: &str, memory_gib: f64) -> Option<i64> {
    let memory = memory_gib * GIB;
    let connections = match engine {
        "postgres" | "aurora-postgresql" => (memory / 9_531_392.0).min(5_000.0),
        "mysql" | "mariadb" => memory / 12_582_880.0,
        "aurora-mysql" => {
            let small = (memory / 805_306_368.0).log2() * 45.0;
            small.max((memory / 8_187_281_408.0).log2() * 1_000.0)
        }
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "whole connections, and few thousands at most")]
    let whole = connections as i64;
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smaller_of(name: &str, engine: &str) -> Option<String> {
        class(name, engine).unwrap().smaller
    }

    #[test]
    fn classes_have_the_memory_that_aws_lists() {
        for (name, vcpus, memory) in [
            ("db.t4g.micro", 2, 1.0),
            ("db.t3.2xlarge", 8, 32.0),
            ("db.m6g.large", 2, 8.0),
            ("db.m5.24xlarge", 96, 384.0),
            ("db.r6g.large", 2, 16.0),
            ("db.r6i.32xlarge", 128, 1_024.0),
        ] {
            let class = class(name, "postgres").unwrap();
            assert_eq!((class.vcpus, class.memory_gib), (vcpus, memory), "{name}");
        }
        for unknown in ["db.x2g.large", "db.r4.large", "db.serverless", "db.t4g.4xlarge", "m5.large", ""] {
            assert_eq!(class(unknown, "postgres"), None, "{unknown}");
        }
    }

    #[test]
    fn the_next_smaller_class_has_half_the_memory_and_is_one_that_the_engine_has() {
        let next = |name: &str, engine: &str| smaller_of(name, engine);
        assert_eq!(next("db.t4g.medium", "postgres").unwrap(), "db.t4g.small");
        assert_eq!(next("db.t4g.micro", "postgres"), None);
        assert_eq!(next("db.m6g.2xlarge", "mysql").unwrap(), "db.m6g.xlarge");
        assert_eq!(next("db.m6g.large", "mysql").unwrap(), "db.t4g.medium");
        assert_eq!(next("db.r6g.large", "postgres").unwrap(), "db.m6g.large");
        assert_eq!(next("db.r6g.xlarge", "aurora-postgresql").unwrap(), "db.r6g.large");
        assert_eq!(next("db.r6g.large", "aurora-postgresql"), None, "Aurora has no db.m6g");
        assert_eq!(next("db.t4g.medium", "aurora-mysql"), None, "nor a db.t4g.small");
        for family in FAMILIES {
            for name in family.names {
                let large = class(&format!("db.{name}.large"), "postgres").unwrap();
                assert!(large.smaller.is_some(), "{name}");
                assert_eq!(large.smaller_memory_gib, Some(large.memory_gib / 2.0), "{name}");
            }
        }
    }

    #[test]
    fn default_connections_follow_the_engines_formulas() {
        let of = |name, engine| class(name, engine).unwrap().default_max_connections;
        assert_eq!(of("db.t4g.medium", "postgres"), Some(450));
        assert_eq!(of("db.r6g.4xlarge", "postgres"), Some(5_000));
        assert_eq!(of("db.m6g.large", "mysql"), Some(682));
        assert_eq!(of("db.r6g.large", "aurora-mysql"), Some(1_069));
        assert_eq!(of("db.t3.medium", "aurora-mysql"), Some(108));
        assert_eq!(of("db.m5.large", "oracle-se2"), None);
    }
}
