//! Definitions of default that owners made. The shipped ones are part of the program, and of every
//! list that asks for them.

use accunode_domain::{
    access::{Grant, Scope},
    default_definition::{DefaultDefinition, DefinitionFacts, OwnDefinition},
    id::DefaultDefinitionId,
    owner::Owner,
    page::{Cursor, Limit, Page},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// The filter of a list of definitions, applied in addition to its scope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefinitionFilter {
    /// Only definitions with this code, without its version.
    pub code: Option<String>,
    /// Only those that are retired, or only those that are not.
    pub is_retired: Option<bool>,
    /// Whether the shipped definitions follow the last one, if they match the other filters.
    pub shipped: bool,
}

impl DefinitionFilter {
    /// Returns the shipped definitions that the list contains, the latest id first.
    pub fn shipped_definitions(&self) -> impl Iterator<Item = DefaultDefinition> {
        let fits = move |found: &DefaultDefinition| {
            let name = found.definition.as_str();
            let has_code = |code: &String| name.split('@').next() == Some(code);
            self.shipped && self.is_retired != Some(true) && self.code.as_ref().is_none_or(has_code)
        };
        DefaultDefinition::shipped().into_iter().filter(fits)
    }
}

/// Reads definitions: tenant rows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DefinitionRepository: Send + Sync {
    /// Returns the definition with this id, among those that have a row.
    async fn find(
        &self,
        scope: &Scope,
        id: DefaultDefinitionId,
    ) -> Result<Option<DefaultDefinition>, RepositoryError>;
    /// Returns the definition of an owner with this name and version.
    async fn named(
        &self,
        scope: &Scope,
        owner: Owner,
        name: OwnDefinition,
    ) -> Result<Option<DefaultDefinition>, RepositoryError>;
    /// Returns a page, newest first; the shipped definitions are last.
    async fn list(
        &self,
        scope: &Scope,
        filter: &DefinitionFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<DefaultDefinition>, RepositoryError>;
}

/// Makes and retires definitions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DefinitionWriter: Send + Sync {
    /// Stores a definition of the grant's owner.
    ///
    /// # Errors
    /// `Conflict` on `DefinitionExists`.
    async fn add(
        &self,
        grant: Grant,
        id: DefaultDefinitionId,
        facts: &DefinitionFacts,
    ) -> Result<DefaultDefinition, RepositoryError>;
    /// Retires a definition of the grant's owner.
    ///
    /// # Errors
    /// `Stale` if it is retired already, or is another owner's.
    async fn retire(
        &self,
        grant: Grant,
        id: DefaultDefinitionId,
    ) -> Result<DefaultDefinition, RepositoryError>;
}
