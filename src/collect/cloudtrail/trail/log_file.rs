//! One log file, unpacked and parsed as it goes: of its records only one is in memory at a time.

use std::fmt;
use std::io::BufReader;

use flate2::read::MultiGzDecoder;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Hands each record of a gzipped `{"Records": [...]}` to `keep`.
pub(super) fn each_record(gzipped: &[u8], keep: &mut dyn FnMut(Value)) -> Result<(), serde_json::Error> {
    let text = BufReader::new(MultiGzDecoder::new(gzipped));
    let mut json = serde_json::Deserializer::from_reader(text);
    json.deserialize_map(File(keep))?;
    json.end()
}

struct File<'k>(&'k mut dyn FnMut(Value));

impl<'de> Visitor<'de> for File<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log file of CloudTrail")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut file: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = file.next_key::<String>()? {
            if key == "Records" {
                file.next_value_seed(Records(&mut *self.0))?;
                found = true;
            } else {
                file.next_value::<IgnoredAny>()?;
            }
        }
        if found { Ok(()) } else { Err(A::Error::missing_field("Records")) }
    }
}

struct Records<'k>(&'k mut dyn FnMut(Value));

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<(), D::Error> {
        list.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while let Some(record) = records.next_element()? {
            (self.0)(record);
        }
        Ok(())
    }
}
