"""What a notice or a report must say, as codes; a report may also ask for any fact by its name."""

from collections.abc import Mapping

CONTENT: Mapping[str, str] = {
    # the four elements, contact and date: the fields of every notice
    "what_happened": "what happened",
    "possible_effect": "what it may mean for the reader",
    "what_we_did": "measures taken and to be taken",
    "what_you_can_do": "how to guard against it and lower the risk",
    "what_help_we_offer": "the help we offer",
    "contact": "whom to ask",
    "date": "the date of the notice",
    # what single laws add
    "data_affected": "which kinds of personal data",
    "cause": "why it happened",
    "date_of_breach": "when it happened: date, estimate or range",
    "date_discovered": "when it was discovered",
    "controller_identity": "who we are",
    "dpo_contact": "the data protection officer or the person in charge",
    "toll_free": "a toll-free number",
    "consumer_reporting_agencies": "how to reach the consumer reporting agencies",
    "credit_monitoring": "an offer of identity-theft prevention, where the law asks for it",
    "law_enforcement_delay": "whether the police delayed this notice",
    "password_change": "change the password, where credentials were hit",
    "security_freeze": "how to place a fraud alert or a security freeze, free of charge",
    "regulators": "how to reach the FTC and the state's attorney general or agency",
    "police_report": "the right to obtain or file a police report",
    "data_recipient": "who may have the data now, as far as known",
    "authority_told": "that the authority was told",
    "complaint": "the right to complain to the authority",
    # what reports to authorities add to the facts
    "nature": "the nature of the breach",
    "risk_assessment": "the assessment of risk and harm",
    "delay_reasons": "why it is late, if it is",
    "people_notice": "whether, when and how people were told; a copy",
    "trend": "how it may develop",
    "leads": "leads for the investigation: attackers, paths, weaknesses",
    "support_needed": "the support we ask for",
    "evidence_preserved": "how the evidence was kept",
    "ransom": "the ransom asked: sum, way, date",
    "responsibility": "who was responsible",
    "lessons": "what was learned and mended",
    "security_before": "the safeguards in place before",
    "people_identified": "each person affected, as far as known",
}
