DROP FUNCTION search_companies(text, int, real, uuid);
