//! Medians from counts: 64 buckets, spaced evenly on the logarithm from 1e-5 to 1, and ten tenths
//! in each, so that the geometric middle of a tenth is less than 1 % off.

use super::Bucket;

/// The number of tenths over all buckets, which cover five decades.
const TENTHS_OF_ALL: f64 = 640.0;
const DECADES: f64 = 5.0;

/// Returns the lower median of all `total` predictions that the buckets count.
pub(super) fn of(buckets: &[Bucket], total: i64) -> Option<f64> {
    let middle = (total + 1) / 2;
    let mut below = 0;
    let holds = buckets.iter().find(|bucket| {
        below += bucket.predictions;
        below >= middle
    })?;
    let rank = middle - (below - holds.predictions);
    Some(middle_of_tenth(holds.pd_bucket, &holds.tenths, rank))
}

/// Returns the geometric middle of the tenth of a bucket that contains its prediction number
/// `rank`, from 1.
pub(super) fn middle_of_tenth(bucket: i16, tenths: &[i64], rank: i64) -> f64 {
    let mut counted = 0;
    let below = tenths.iter().take_while(|count| {
        counted += **count;
        counted < rank
    });
    let tenth = i16::try_from(below.count().min(9)).unwrap_or(9);
    let at = f64::from(10 * bucket + tenth) + 0.5;
    10_f64.powf(at * DECADES / TENTHS_OF_ALL - DECADES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(pd_bucket: i16, tenths: [i64; 10]) -> Bucket {
        Bucket {
            pd_bucket,
            predictions: tenths.iter().sum(),
            high: 0,
            pd: 0.0,
            tenths: tenths.to_vec(),
            high_risk_companies: 0,
            last_prediction: None,
        }
    }

    #[test]
    fn median_is_the_middle_of_its_tenth() {
        let buckets = [
            bucket(3, [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            bucket(32, [0, 0, 1, 0, 0, 0, 0, 1, 0, 0]),
            bucket(63, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ];
        let expected = 10_f64.powf(322.5 * 5.0 / 640.0 - 5.0);
        assert_eq!(of(&buckets, 5), Some(expected));
        assert!(of(&[], 0).is_none());
    }

    #[test]
    fn middle_of_a_tenth_is_within_one_percent_of_its_ends() {
        let width: f64 = 10_f64.powf(DECADES / TENTHS_OF_ALL);
        assert!(width.sqrt() - 1.0 < 0.01, "{width}");
    }
}
