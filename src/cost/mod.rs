//! placeholder until the branch lands
use crate::inventory::metrics::Point;
pub fn median(_: &[f64]) -> Option<f64> {
    None
}
pub fn mad(_: &[f64]) -> Option<f64> {
    None
}
pub fn quantile(_: &[f64], _: f64) -> Option<f64> {
    None
}
pub struct Judgement {
    pub day: chrono::NaiveDate,
    pub value: f64,
    pub median: f64,
    pub mad: f64,
    pub days: usize,
    pub same_weekday: bool,
}
pub fn judge_last_day(_: &[Point], _: usize, _: usize) -> Result<Judgement, usize> {
    Err(0)
}
