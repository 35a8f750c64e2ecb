"""The EDPB template's codes (v1.0, 2026) for what our facts say, and its names of the fields.

Where the template takes one code and several are true, the weightiest is coded: each table of
data and people begins with it.
"""

from collections.abc import Mapping

KIND: Mapping[str, str] = {
    "ransomware": "b", "personal_data_leak": "g", "lost_device": "i", "misdirected_email": "r",
    "account_takeover": "f",
}  # fmt: skip
BREACH: Mapping[str, str] = {
    "confidentiality": "a", "integrity": "b", "availability": "c", "temporary_availability": "c",
}  # fmt: skip
UNREADABLE: Mapping[str, str] = {
    "key_safe": "a", "partial": "b", "hashed": "b", "key_lost": "b", "none": "c",
}  # fmt: skip
LOST: Mapping[str, str] = {"availability": "b", "temporary_availability": "a"}
PEOPLE: Mapping[str, str] = {
    "minors": "d", "patients": "e", "vulnerable": "i", "employees": "b", "customers": "a",
    "subscribers": "g",
}  # fmt: skip
DATA: Mapping[str, str] = {
    "health": "k", "health_insurance": "k", "genetic": "j", "biometric": "c", "criminal": "d",
    "gov_id": "n", "ssn": "n", "tax_id": "n", "passport": "p", "driver_licence": "p",
    "payment_card": "q", "financial_account": "q", "credentials": "s", "passwords_hashed": "s",
    "precise_location": "o", "behavioural": "r", "contact": "b",
}  # fmt: skip
IMPACT: Mapping[str, str] = {
    "gov_id": "d", "ssn": "d", "tax_id": "d", "passport": "d", "driver_licence": "d",
    "financial_account": "f", "payment_card": "f", "credentials": "e",
}  # fmt: skip
RISK: Mapping[str, str] = {"high": "a", "risk": "b", "unlikely": "c"}
FOUND_BY: Mapping[str, str] = {
    "ourselves": "a", "processor": "b", "person_affected": "c", "outsider": "d", "press": "e",
    "other": "f",
}  # fmt: skip
ORIGIN: Mapping[str, str] = {
    "inside_mistake": "a", "inside_malice": "b", "outside_mistake": "c", "outside_malice": "d",
    "not_to_be_found": "f",
}  # fmt: skip
# Which consequences are asked for, and the code for "under assessment".
CONSEQUENCES: Mapping[str, tuple[str, str]] = {
    "confidentiality": ("field_79", "e"),
    "integrity": ("field_81", "d"),
    "availability": ("field_83", "d"),
    "temporary_availability": ("field_83", "d"),
}

TITLES: Mapping[str, str] = {
    "field_12": "Name of the organisation",
    "field_13": "Contact details of the organisation",
    "field_21": "Name of the reporting person",
    "field_22": "Contact details of the reporting person",
    "field_23": "Function of the reporting person",
    "field_29": "Whether a data protection officer is designated",
    "field_30": "Name of the data protection officer",
    "field_31": "Contact details of the data protection officer",
    "field_38": "Whether other parties are involved",
    "field_39": "Qualification of the other party",
    "field_40": "Name of the other party",
    "field_41": "Contact details of the other party",
    "field_44": "When the breach occurred",
    "field_47": "End of the breach",
    "field_48": "When the controller became aware",
    "field_50": "How the breach was discovered",
    "field_51": "Description of the discovery",
    "field_55": "Nature of the breach",
    "field_56": "Type of confidentiality breach",
    "field_57": "Whether the data were unintelligible",
    "field_58": "Type of integrity breach",
    "field_60": "Nature of the incident",
    "field_61": "Cause of the breach",
    "field_62": "Description of the incident",
    "field_63": "Systems involved and where they are",
    "field_65": "Categories of people",
    "field_66": "Description of the categories of people",
    "field_67": "Whether the number of people is known",
    "field_70": "Type of data",
    "field_71": "Description of the data",
    "field_72": "Whether the number of records is known",
    "field_73": "Number of records",
    "field_75": "Measures in place before",
    "field_76": "Description of the measures in place before",
    "field_79": "Consequences of the confidentiality breach",
    "field_81": "Consequences of the integrity breach",
    "field_83": "Consequences of the availability breach",
    "field_85": "Impact on people",
    "field_86": "Description of the impact",
    "field_87": "Severity of the impact",
    "field_89": "Risk to people",
    "field_90": "Description of the risk assessment",
    "field_92": "Measures taken",
    "field_94": "Measures taken against recurrence",
    "field_95": "Description of lasting measures",
    "field_97": "Whether people were told",
    "field_102": "Whether all people were told",
    "field_104": "How people were told",
    "field_106": "What people were told",
    "field_109": "Whether it was reported to the police",
    "field_110": "Whether other authorities were told",
    "field_113": "Cross-border processing",
    "field_120": "Controller outside the EEA",
}
