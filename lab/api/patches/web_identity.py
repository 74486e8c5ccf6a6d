"""IAM's providers of OpenID Connect, and roles that are assumed by their tokens.

moto gives everybody every role, whatever the token says. Source: STS API reference, AssumeRoleWithWebIdentity; IAM user
guide, "Available keys for AWS OIDC federation".
"""

import json
import time
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, OpenIDConnectProvider, iam_backends
from moto.iam.responses import IamResponse
from moto.sts.exceptions import STSClientError
from moto.sts.responses import TokenResponse

import identity_tokens
import policies

from .patching import replaces

ACTION = "sts:AssumeRoleWithWebIdentity"


@replaces(TokenResponse, "assume_role_with_web_identity")
def assume(original: Any, response: TokenResponse) -> ActionResult:
    role_arn = response._get_param("RoleArn")
    iam = iam_backends[role_arn.split(":")[4]][response.partition]
    try:
        claims = identity_tokens.read(response._get_param("WebIdentityToken"))
    except identity_tokens.NotAToken:
        raise _invalid("The ID Token provided is not a valid JWT, or its signature is not its issuer's") from None
    provider = _provider_of(iam, claims)
    now = time.time()
    if claims["exp"] <= now:
        raise STSClientError(
            "ExpiredTokenException", f"Token expired: current time {now:.0f} must be before {claims['exp']}"
        )
    if not _trusts(iam, role_arn, provider, claims):
        raise STSClientError("AccessDenied", f"Not authorized to perform {ACTION}")
    result: ActionResult = original(response)
    return result


def _provider_of(iam: IAMBackend, claims: identity_tokens.Claims) -> OpenIDConnectProvider:
    for provider in iam.open_id_providers.values():
        if f"https://{provider.url}" == claims["iss"]:
            if claims["aud"] not in provider.client_id_list:
                raise _invalid("Incorrect token audience")
            return provider
    raise _invalid(f"No OpenIDConnect provider found in your account for {claims['iss']}")


def _trusts(iam: IAMBackend, role_arn: str, provider: OpenIDConnectProvider, claims: identity_tokens.Claims) -> bool:
    """AWS does not tell a role that does not exist from one that does not trust the token."""
    try:
        document = iam.get_role_by_arn(role_arn).assume_role_policy_document
    except NotFoundException:
        return False
    # A trust policy has no Resource: it is the role's own.
    stated = [
        {**each, "Resource": role_arn}
        for each in policies.statements(json.loads(document))
        if each["Principal"].get("Federated") == provider.arn
    ]
    context = {f"{provider.url}:{claim}".lower(): str(value) for claim, value in claims.items()}
    return policies.decision(stated, ACTION, role_arn, context) is True


def _invalid(message: str) -> STSClientError:
    return STSClientError("InvalidIdentityTokenException", message)


def add_client_id(response: IamResponse) -> EmptyResult:
    """AddClientIDToOpenIDConnectProvider, which moto does not have."""
    provider = response.backend.get_open_id_connect_provider(response._get_param("OpenIDConnectProviderArn"))
    client_id = response._get_param("ClientID")
    if client_id not in provider.client_id_list:
        provider.client_id_list.append(client_id)
    return EmptyResult()


setattr(IamResponse, "add_client_id_to_open_id_connect_provider", add_client_id)  # noqa: B010
