//! Whether a name is that of a definition which an owner has.

use accunode_domain::{
    access::Scope,
    default_definition::{DefaultDefinition, Definition},
    fault::Fault,
    owner::Owner,
};

use crate::{Error, Ports};

/// Returns the definition of this name that outcomes of an owner can have: a shipped one, or else
/// one of the owner or of the system. `None` if there is none that can be read.
async fn found(
    ports: &Ports,
    scope: &Scope,
    owner: Owner,
    name: Definition,
) -> Result<Option<DefaultDefinition>, Error> {
    let Definition::Own(own) = name else {
        let mut shipped = DefaultDefinition::shipped().into_iter();
        return Ok(shipped.find(|shipped| shipped.definition == name));
    };
    let owner = if own.is_of_everyone() {
        Owner::System
    } else {
        owner
    };
    Ok(ports.store.definitions().named(scope, owner, own).await?)
}

/// Checks that an owner has a definition of this name, retired or not: what was recorded under it
/// can still be read and validated.
///
/// # Errors
/// `unknown_definition` at `pointer`.
pub(crate) async fn existing(
    ports: &Ports,
    scope: &Scope,
    owner: Owner,
    pointer: &str,
    name: Definition,
) -> Result<DefaultDefinition, Error> {
    let found = found(ports, scope, owner, name).await?;
    found.ok_or_else(|| Error::invalid(unknown(pointer, name)))
}

/// Returns why a new outcome of an owner cannot name this definition; `None` if it can.
pub(crate) async fn usable(
    ports: &Ports,
    scope: &Scope,
    owner: Owner,
    pointer: &str,
    name: Definition,
) -> Result<Option<Fault>, Error> {
    let found = found(ports, scope, owner, name).await?;
    Ok(match found {
        None => Some(unknown(pointer, name)),
        Some(found) if found.retired_at.is_some() => Some(Fault::new(
            pointer,
            "definition_retired",
            format!("{name} is retired: name the definition that replaced it"),
        )),
        Some(_) => None,
    })
}

fn unknown(pointer: &str, name: Definition) -> Fault {
    Fault::new(
        pointer,
        "unknown_definition",
        format!(
            "{name} is no definition of default of this owner or of everyone; see GET \
             /default-definitions, or make it"
        ),
    )
}
