-- Bare tables of text, for the comparisons that only copy.

CREATE TABLE bare_accounts (
    legacy_id text, type text, name text, plan text, language text, contact_gender text,
    contact_first_name text, contact_last_name text, contact_email text, contact_phone text,
    company_number text, vat_number text, billing_address_street text, billing_address_number text,
    billing_address_postal_code text, billing_address_city text, billing_address_province text,
    billing_address_country_code text, payment_method text, payment_iban text, payment_bic text,
    payment_account_holder text, payment_reference text, reimbursement_enabled text,
    reimbursement_iban text, reimbursement_bic text, reimbursement_account_holder text,
    reimbursement_email text, reimbursement_reference text, notifications_enabled text,
    notifications_email text, feature_flags text, labels text
);
CREATE TABLE bare_users (
    email text, legacy_id text, account_legacy_id text, role text, contact_gender text,
    contact_first_name text, contact_last_name text, contact_phone text, default_lang_code text,
    migrated text
);
