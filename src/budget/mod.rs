//! Caps on spending: who is bound, over which period, and what moves where.

mod alert;
pub mod bill;
pub mod ledger;
mod period;
pub mod reconcile;

use std::collections::BTreeMap;

pub use alert::{Alert, AlertError, Deed};
pub use period::{Period, PeriodKey};

use crate::ids::BudgetName;
use crate::job::Terms;
use crate::money::Money;
use crate::time::Timestamp;

/// What a budget binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only jobs that name it.
    Named,
    /// Every job of a project.
    Project(String),
    /// Every job of a user.
    User(String),
    /// Every job with a tag.
    Tag(String, String),
    /// Every job on a device, by short name.
    Device(String),
    /// Every job of an AWS account.
    Account(String),
}

/// A cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name.
    pub name: BudgetName,
    /// The cap for each period.
    pub limit: Money,
    /// How often it starts anew.
    pub per: Period,
    /// Whom it binds.
    pub scope: Scope,
    /// What it does before it is used up.
    pub alerts: Vec<Alert>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Removed budgets bind nobody and keep their journal.
    pub removed_at: Option<Timestamp>,
}

/// A budget's figures in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Held.
    pub held: Money,
    /// Spent.
    pub settled: Money,
    /// The part of `held` that belongs to jobs in doubt.
    pub unsure: Money,
}

/// A budget that has no room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// The budget.
    pub budget: BudgetName,
    /// What was asked for.
    pub needed: Money,
    /// What is left; never below zero.
    pub free: Money,
}

/// Facts that scopes are matched against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Project of the job.
    pub project: Option<&'a str>,
    /// User at submission.
    pub user: Option<&'a str>,
    /// Tags of the job.
    pub tags: Option<&'a BTreeMap<String, String>>,
    /// Short name of the device.
    pub device: &'a str,
    /// AWS account, where known.
    pub account: Option<&'a str>,
}

impl Scope {
    /// Whether a job with these facts is bound without naming the budget.
    pub fn binds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Named => false,
            Self::Project(project) => facts.project == Some(project),
            Self::User(user) => facts.user == Some(user),
            Self::Tag(key, value) => facts.tags.is_some_and(|tags| tags.get(key) == Some(value)),
            Self::Device(device) => facts.device == device,
            Self::Account(account) => facts.account == Some(account),
        }
    }
}

impl Balance {
    /// Held and spent together.
    pub fn committed(&self) -> Money {
        self.held.plus(self.settled).unwrap_or(Money::from_nanos(i64::MAX))
    }

    /// What is left of a cap; never below zero.
    pub fn free(&self, limit: Money) -> Money {
        limit.minus(self.committed()).unwrap_or(Money::ZERO).max(Money::ZERO)
    }

    /// Whether more is committed than the cap allows: nothing new may start.
    pub fn is_frozen(&self, limit: Money) -> bool {
        self.committed() > limit
    }
}

/// The budgets that bind a job: those it names and those whose scope matches, sorted, each once.
pub fn binding(budgets: &[Budget], named: &[BudgetName], facts: &Facts<'_>) -> Vec<BudgetName> {
    let mut names: Vec<BudgetName> = budgets
        .iter()
        .filter(|b| b.removed_at.is_none() && (named.contains(&b.name) || b.scope.binds(facts)))
        .map(|b| b.name.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

impl Terms {
    /// The facts of a job that scopes look at.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            project: self.project.as_deref(),
            user: self.user.as_deref(),
            tags: Some(&self.tags),
            device: &self.device,
            account: None,
        }
    }
}
