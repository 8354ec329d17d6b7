//! The rules of AccuNode, as pure functions and types: no runtime, no database, no clock.
//!
//! Start with [`owner::Owner`] (who owns a row), [`access::Actor`] (who makes a request,
//! and what they may do), [`ratio`] (what the inputs mean) and [`risk`] (what the results
//! mean). Every other crate depends on this one; this one depends on none of them and on
//! nothing that does input or output.
//!
//! From the text of a file to a risk level:
//!
//! ```
//! use accunode_domain::{
//!     prediction::Kind,
//!     ratio::{Flag, RatioUnit, check},
//!     risk::{Pd, PriorCorrection, RiskLevel, Thresholds},
//! };
//!
//! // Shares in percent, as analysts have them; EBITDA was negative, one cell is empty.
//! let raw = [Some("23.66"), Some("-3.1"), Some("-4.2"), Some("0.8"), None];
//! let ratios = check(Kind::Annual, RatioUnit::Percent, &raw).unwrap();
//! assert_eq!(ratios.values()[0].scored, Some(0.2366));
//! assert_eq!(ratios.values()[1].scored, Some(50.0), "the worst bound, and never 0");
//! assert_eq!(ratios.values()[1].flag, Some(Flag::NonPositiveDenominator));
//! assert_eq!(ratios.values()[4].flag, Some(Flag::Missing));
//!
//! // A model that learned from a sample with 7 % defaults says 20 %. Among companies
//! // of which 1.5 % default that is less, and still more than three times the average.
//! let prior = PriorCorrection::new(0.07, 0.015).unwrap();
//! let log_odds = (0.2_f64 / 0.8).ln() + prior.shift();
//! let pd = Pd::from_log_odds(log_odds);
//! assert_eq!(pd.rounded().to_string(), "0.0481");
//! let thresholds = Thresholds { medium: 0.015, high: 0.045 };
//! assert_eq!(thresholds.level(pd), RiskLevel::High);
//! ```
//!
//! Access rules: an allowed operation yields a grant, which the repositories require as
//! proof:
//!
//! ```
//! use accunode_domain::{
//!     Timestamp,
//!     access::{Actor, Denial},
//!     id::{OrganizationId, UserId},
//!     organization::Membership,
//!     owner::{AccessLevel, Owner},
//!     user::{Email, Profile, Role, User},
//! };
//!
//! let bank = OrganizationId(uuid::Uuid::from_u128(1));
//! let ana = User {
//!     id: UserId(uuid::Uuid::from_u128(7)),
//!     email: Email::parse("/email", "ana@example.com").unwrap(),
//!     role: Role::OrgMember,
//!     organization: Some(bank),
//!     profile: Profile::default(),
//!     is_verified: true,
//!     is_active: true,
//!     last_login: None,
//!     created_at: Timestamp::UNIX_EPOCH,
//!     updated_at: Timestamp::UNIX_EPOCH,
//!     row_version: 1,
//! };
//! let membership = Membership {
//!     organization: bank,
//!     parent: None,
//!     children: Vec::new(),
//!     is_active: true,
//!     hide_system_data: false,
//!     require_second_factor: false,
//! };
//! let actor = Actor::new(&ana, Some(membership)).unwrap();
//!
//! let grant = actor.create(Some(AccessLevel::Organization), Some(bank)).unwrap();
//! assert_eq!(grant.owner(), Owner::Organization(bank));
//! let elsewhere = Owner::Organization(OrganizationId(uuid::Uuid::from_u128(2)));
//! assert_eq!(actor.read(elsewhere), Err(Denial::NotFound), "its existence is secret too");
//! ```
//!
//! To add an entity, add a module here with the entity and its rules, its repository in the
//! ports crate under the same path, and its adapter in the postgres crate under the same
//! path.

pub mod access;
pub mod api_key;
pub mod audit;
pub mod company;
pub mod decimal;
pub mod default_definition;
pub mod fault;
pub mod id;
pub mod idempotency;
pub mod identifier;
pub mod intake;
pub mod invitation;
pub mod job;
pub mod maintenance;
pub mod organization;
pub mod outcome;
pub mod owner;
pub mod page;
pub mod prediction;
pub mod rating_scale;
pub mod ratio;
pub mod risk;
pub mod second_factor;
pub mod secret;
pub mod session;
pub mod text;
pub mod timestamp;
pub mod user;
pub mod user_token;
pub mod validation;

pub use time::OffsetDateTime as Timestamp;
