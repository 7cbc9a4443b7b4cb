-- What a careful person writes by hand to bring the two files into the tables: no validation at all, but one
-- transaction, an upsert by key, and nothing written where nothing changed. The counterpart of `muster import`.
-- Run it in the folder of the files: psql -f by_hand.sql
-- The files must be clean and comma-separated, with the columns in the generator's order.

\set ON_ERROR_STOP on
BEGIN;

CREATE TEMPORARY TABLE incoming_accounts (
    legacy_id text, type text, name text, plan text, language text, contact_gender text,
    contact_first_name text, contact_last_name text, contact_email text, contact_phone text,
    company_number text, vat_number text, billing_address_street text, billing_address_number text,
    billing_address_postal_code text, billing_address_city text, billing_address_province text,
    billing_address_country_code text, payment_method text, payment_iban text, payment_bic text,
    payment_account_holder text, payment_reference text, reimbursement_enabled text,
    reimbursement_iban text, reimbursement_bic text, reimbursement_account_holder text,
    reimbursement_email text, reimbursement_reference text, notifications_enabled text,
    notifications_email text, feature_flags text, labels text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE incoming_users (
    email text, legacy_id text, account_legacy_id text, role text, contact_gender text,
    contact_first_name text, contact_last_name text, contact_phone text, default_lang_code text,
    migrated text
) ON COMMIT DROP;

\copy incoming_accounts FROM 'accounts.csv' WITH (FORMAT csv, HEADER true)
\copy incoming_users FROM 'users.csv' WITH (FORMAT csv, HEADER true)
ANALYZE incoming_accounts;
ANALYZE incoming_users;

INSERT INTO accounts (
    legacy_id, type, name, plan, language, contact_gender, contact_first_name, contact_last_name,
    contact_email, contact_phone, company_number, vat_number, billing_address_street,
    billing_address_number, billing_address_postal_code, billing_address_city, billing_address_province,
    billing_address_country_code, payment_method, payment_iban, payment_bic, payment_account_holder,
    payment_reference, reimbursement_enabled, reimbursement_iban, reimbursement_bic,
    reimbursement_account_holder, reimbursement_email, reimbursement_reference, notifications_enabled,
    notifications_email, feature_flags, labels
)
SELECT
    legacy_id, type, name, plan, language, contact_gender, contact_first_name, contact_last_name,
    contact_email, contact_phone, company_number, vat_number, billing_address_street,
    billing_address_number, billing_address_postal_code, billing_address_city, billing_address_province,
    billing_address_country_code, payment_method, payment_iban, payment_bic, payment_account_holder,
    payment_reference, reimbursement_enabled::boolean, reimbursement_iban, reimbursement_bic,
    reimbursement_account_holder, reimbursement_email, reimbursement_reference,
    notifications_enabled::boolean, notifications_email, string_to_array(coalesce(feature_flags, ''), ','),
    string_to_array(coalesce(labels, ''), ',')
FROM incoming_accounts
ON CONFLICT (legacy_id) DO UPDATE SET
    type = excluded.type, name = excluded.name, plan = excluded.plan, language = excluded.language,
    contact_gender = excluded.contact_gender, contact_first_name = excluded.contact_first_name,
    contact_last_name = excluded.contact_last_name, contact_email = excluded.contact_email,
    contact_phone = excluded.contact_phone, company_number = excluded.company_number,
    vat_number = excluded.vat_number, billing_address_street = excluded.billing_address_street,
    billing_address_number = excluded.billing_address_number,
    billing_address_postal_code = excluded.billing_address_postal_code,
    billing_address_city = excluded.billing_address_city,
    billing_address_province = excluded.billing_address_province,
    billing_address_country_code = excluded.billing_address_country_code,
    payment_method = excluded.payment_method, payment_iban = excluded.payment_iban,
    payment_bic = excluded.payment_bic, payment_account_holder = excluded.payment_account_holder,
    payment_reference = excluded.payment_reference, reimbursement_enabled = excluded.reimbursement_enabled,
    reimbursement_iban = excluded.reimbursement_iban, reimbursement_bic = excluded.reimbursement_bic,
    reimbursement_account_holder = excluded.reimbursement_account_holder,
    reimbursement_email = excluded.reimbursement_email,
    reimbursement_reference = excluded.reimbursement_reference,
    notifications_enabled = excluded.notifications_enabled,
    notifications_email = excluded.notifications_email, feature_flags = excluded.feature_flags,
    labels = excluded.labels, updated_at = now()
WHERE (accounts.type, accounts.name, accounts.plan, accounts.language, accounts.contact_gender,
       accounts.contact_first_name, accounts.contact_last_name, accounts.contact_email,
       accounts.contact_phone, accounts.company_number, accounts.vat_number,
       accounts.billing_address_street, accounts.billing_address_number,
       accounts.billing_address_postal_code, accounts.billing_address_city,
       accounts.billing_address_province, accounts.billing_address_country_code, accounts.payment_method,
       accounts.payment_iban, accounts.payment_bic, accounts.payment_account_holder,
       accounts.payment_reference, accounts.reimbursement_enabled, accounts.reimbursement_iban,
       accounts.reimbursement_bic, accounts.reimbursement_account_holder, accounts.reimbursement_email,
       accounts.reimbursement_reference, accounts.notifications_enabled, accounts.notifications_email,
       accounts.feature_flags, accounts.labels)
    IS DISTINCT FROM
      (excluded.type, excluded.name, excluded.plan, excluded.language, excluded.contact_gender,
      excluded.contact_first_name, excluded.contact_last_name, excluded.contact_email,
      excluded.contact_phone, excluded.company_number, excluded.vat_number, excluded.billing_address_street,
      excluded.billing_address_number, excluded.billing_address_postal_code, excluded.billing_address_city,
      excluded.billing_address_province, excluded.billing_address_country_code, excluded.payment_method,
      excluded.payment_iban, excluded.payment_bic, excluded.payment_account_holder,
      excluded.payment_reference, excluded.reimbursement_enabled, excluded.reimbursement_iban,
      excluded.reimbursement_bic, excluded.reimbursement_account_holder, excluded.reimbursement_email,
      excluded.reimbursement_reference, excluded.notifications_enabled, excluded.notifications_email,
      excluded.feature_flags, excluded.labels);

INSERT INTO users (
    email, legacy_id, account_id, role, contact_gender, contact_first_name, contact_last_name,
    contact_phone, default_lang_code, migrated
)
SELECT
    lower(s.email), s.legacy_id, a.id,
    CASE s.role WHEN 'API developer' THEN 'apiDeveloper' WHEN 'Locations facilitator' THEN 'locationsFacilitator'
            WHEN 'Field Service Technician' THEN 'fieldServiceTechnician' WHEN 'Billing admin' THEN 'billingAdmin'
            WHEN 'Account admin' THEN 'accountAdmin' ELSE 'none' END,
    CASE s.contact_gender WHEN 'female' THEN 'female' ELSE 'male' END,
    s.contact_first_name, s.contact_last_name, s.contact_phone,
    CASE s.default_lang_code WHEN 'nl' THEN 'nl' ELSE 'en' END, coalesce(s.migrated::boolean, false)
FROM incoming_users s
JOIN accounts a ON a.legacy_id = s.account_legacy_id COLLATE "C"
ON CONFLICT (email) DO UPDATE SET
    legacy_id = excluded.legacy_id, account_id = excluded.account_id, role = excluded.role,
    contact_gender = excluded.contact_gender, contact_first_name = excluded.contact_first_name,
    contact_last_name = excluded.contact_last_name, contact_phone = excluded.contact_phone,
    default_lang_code = excluded.default_lang_code, migrated = excluded.migrated, updated_at = now()
WHERE (users.legacy_id, users.account_id, users.role, users.contact_gender, users.contact_first_name,
       users.contact_last_name, users.contact_phone, users.default_lang_code, users.migrated)
    IS DISTINCT FROM
      (excluded.legacy_id, excluded.account_id, excluded.role, excluded.contact_gender,
      excluded.contact_first_name, excluded.contact_last_name, excluded.contact_phone,
      excluded.default_lang_code, excluded.migrated);

COMMIT;
