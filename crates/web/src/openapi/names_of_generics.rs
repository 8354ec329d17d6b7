//! Schema names that generated clients can use: utoipa names a list of companies
//! `List_Company`.

use utoipa::openapi::{
    OpenApi, RefOr, Schema,
    path::Operation,
    schema::{AdditionalProperties, ArrayItems},
};

use super::operations_mut;

const SCHEMAS: &str = "#/components/schemas/";

/// Renames `List_Company` to `CompanyList`, wherever it occurs in the document.
pub(super) fn rename(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_mut(item) {
            rename_in_operation(operation);
        }
    }
    if let Some(components) = &mut document.components {
        components.schemas = std::mem::take(&mut components.schemas)
            .into_iter()
            .map(|(name, mut schema)| {
                rename_in_schema(&mut schema);
                (plain(&name), schema)
            })
            .collect();
    }
}

fn plain(name: &str) -> String {
    match name.split_once('_') {
        Some((container, content)) => format!("{content}{container}"),
        None => name.to_owned(),
    }
}

fn rename_in_operation(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            for content in response.content.values_mut() {
                if let RefOr::T(content) = content {
                    content.schema.iter_mut().for_each(rename_in_schema);
                }
            }
        }
    }
}

fn rename_in_schema(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::Ref(reference) => {
            if let Some(name) = reference.ref_location.strip_prefix(SCHEMAS) {
                reference.ref_location = format!("{SCHEMAS}{}", plain(name));
            }
        }
        RefOr::T(Schema::Object(object)) => {
            object.properties.values_mut().for_each(rename_in_schema);
            if let Some(AdditionalProperties::RefOr(other)) =
                object.additional_properties.as_deref_mut()
            {
                rename_in_schema(other);
            }
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                rename_in_schema(items);
            }
        }
        RefOr::T(Schema::OneOf(one)) => one.items.iter_mut().for_each(rename_in_schema),
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(rename_in_schema),
        RefOr::T(Schema::AnyOf(any)) => any.items.iter_mut().for_each(rename_in_schema),
        RefOr::T(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::openapi;

    #[test]
    fn a_generic_schema_is_named_by_its_content_first() {
        assert_eq!(plain("List_Company"), "CompanyList");
        assert_eq!(plain("Company"), "Company");
    }

    #[test]
    fn no_schema_has_the_name_of_a_generic_type() {
        let document = openapi();
        let schemas = &document.components.as_ref().unwrap().schemas;
        assert!(schemas.contains_key("CompanyList"));
        let composed: Vec<_> = schemas.keys().filter(|name| name.contains('_')).collect();
        assert!(composed.is_empty(), "{composed:?}");
    }
}
