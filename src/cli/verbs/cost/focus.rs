//! Costs as FOCUS rows.

use serde_json::json;

use crate::job::{Job, Outcome, Stage};
use crate::price::Tariff;

/// One row for each settled job, in the columns that FOCUS 1.0 asks of every bill.
///
/// Source: FinOps Foundation, FOCUS 1.0 (June 2024), the columns that may not be missing.
pub fn focus(jobs: &[Job]) -> ([&'static str; 25], Vec<Vec<String>>) {
    let head = [
        "BilledCost",
        "BillingAccountId",
        "BillingAccountName",
        "BillingCurrency",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "ChargeCategory",
        "ChargeClass",
        "ChargeDescription",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "ContractedCost",
        "EffectiveCost",
        "ListCost",
        "PricingQuantity",
        "PricingUnit",
        "ProviderName",
        "PublisherName",
        "InvoiceIssuerName",
        "RegionId",
        "ResourceId",
        "ResourceName",
        "ServiceCategory",
        "ServiceName",
        "Tags",
    ];
    let row = |job: &Job| {
        let (terms, cost) = (&job.terms, job.settled.to_string());
        let arn = job.task().map(|t| t.as_str().to_owned()).unwrap_or_default();
        let part = |n: usize| arn.split(':').nth(n).unwrap_or_default().to_owned();
        let born = terms.created_at.to_string();
        let (first, next) = month_around(&born);
        let day = terms.created_at.civil_date();
        let (quantity, unit) = quantity(job);
        let tomorrow = day.and_then(|d| d.tomorrow().ok()).map(|d| d.to_string()).unwrap_or_default();
        vec![
            cost.clone(),
            part(4),
            // AWS names accounts in its bills alone; nobody told us.
            String::new(),
            "USD".into(),
            first,
            next,
            "Usage".into(),
            String::new(),
            format!("{} shots on {}", terms.shots, terms.device),
            format!("{}T00:00:00Z", &born[..10]),
            format!("{tomorrow}T00:00:00Z"),
            cost.clone(),
            cost.clone(),
            cost,
            quantity,
            unit.into(),
            "AWS".into(),
            "AWS".into(),
            "AWS".into(),
            part(3),
            arn.clone(),
            terms.name.clone(),
            "Compute".into(),
            "Amazon Braket".into(),
            json!(terms.tags).to_string(),
        ]
    };
    let paid = jobs.iter().filter(|j| !j.settled.is_zero());
    (head, paid.map(row).collect())
}

/// How much was priced, and in what.
fn quantity(job: &Job) -> (String, &'static str) {
    let Tariff::PerMinute { rate, .. } = &job.terms.tariff else {
        let shots = match &job.stage {
            Stage::Done(Outcome::Completed { successful_shots: Some(n), .. }) => *n,
            _ => job.terms.shots,
        };
        return (shots.to_string(), "Shots");
    };
    // Billed time by its price, in millionths of a minute.
    let parts = i128::from(job.settled.nanos()) * 1_000_000 / i128::from(rate.nanos().max(1));
    (format!("{}.{:06}", parts / 1_000_000, parts % 1_000_000), "Minutes")
}

/// First instants of the month of a time and of the one after it, in UTC as bills are.
fn month_around(at: &str) -> (String, String) {
    let (year, month): (i32, u32) = (at[..4].parse().unwrap_or(0), at[5..7].parse().unwrap_or(1));
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    (format!("{year:04}-{month:02}-01T00:00:00Z"), format!("{next_year:04}-{next:02}-01T00:00:00Z"))
}
