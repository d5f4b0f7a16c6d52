// What Graph's requests and answers are held to: Microsoft's published types, narrowed where they
// say less than the documents do. All their properties are optional; here an answer must have its
// keys and what the schema calls not null, and a request what its operation requires, without
// what is read-only. Whatever a body has beyond these types does not compile.

import type * as beta from "@microsoft/microsoft-graph-types-beta";
import type * as v1 from "@microsoft/microsoft-graph-types";

type Nullable<T> = v1.NullableOption<T>;

// Answers. Keys and alternate keys, and `Nullable="false"`: schemas/v1.0-Prod.csdl of
// microsoftgraph/msgraph-metadata.

export interface Application extends v1.Application {
  id: string;
  appId: string;
  uniqueName: Nullable<string>;
  displayName: string;
  identifierUris: string[];
  keyCredentials: KeyCredential[];
  passwordCredentials: v1.PasswordCredential[];
  requiredResourceAccess: RequiredResourceAccess[];
  tags: string[];
}

export interface KeyCredential extends v1.KeyCredential {
  keyId: string;
  key: Nullable<string>;
  customKeyIdentifier: Nullable<string>;
  type: string;
  usage: string;
  startDateTime: string;
  endDateTime: string;
}

export interface RequiredResourceAccess extends v1.RequiredResourceAccess {
  resourceAppId: string;
  resourceAccess: (v1.ResourceAccess & { id: string; type: "Role" | "Scope" })[];
}

export interface ServicePrincipal extends v1.ServicePrincipal {
  id: string;
  appId: string;
  displayName: string;
  appRoleAssignmentRequired: boolean;
  appRoles: AppRole[];
  servicePrincipalNames: string[];
  tags: string[];
}

export interface AppRole extends v1.AppRole {
  id: string;
  isEnabled: boolean;
  allowedMemberTypes: string[];
  value: Nullable<string>;
}

export interface AppRoleAssignment extends v1.AppRoleAssignment {
  id: string;
  appRoleId: string;
  principalId: string;
  resourceId: string;
}

export interface FederatedIdentityCredential extends v1.FederatedIdentityCredential {
  id: string;
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
}

export interface RoleDefinition extends v1.UnifiedRoleDefinition {
  id: string;
  displayName: string;
  templateId: string;
}

export interface RoleAssignment extends v1.UnifiedRoleAssignment {
  id: string;
  principalId: string;
  roleDefinitionId: string;
  // In the schema and in answers, but not in the types of 2.43.1.
  principalOrganizationId?: string;
}

// The Exchange provider is in beta alone.
export interface ExchangeRoleDefinition extends beta.UnifiedRoleDefinition {
  id: string;
  displayName: string;
}

export interface ExchangeRoleAssignment extends beta.UnifiedRoleAssignment {
  id: string;
  principalId: string;
  roleDefinitionId: string;
}

export interface User extends v1.User {
  id: string;
  displayName: string;
  userPrincipalName: string;
}

export interface Organization extends v1.Organization {
  id: string;
  verifiedDomains: (v1.VerifiedDomain & { name: string; isInitial: boolean })[];
}

export interface Page<T> {
  value: T;
}

// What `$select` named, and nothing else.
export type Selected<T, K extends keyof T> = { [P in K]-?: T[P] };

export interface Refusal {
  error: v1.PublicError & {
    code: string;
    message: string;
    // The types have no names of the ids; "Microsoft Graph error responses and resource types" has.
    innerError: { date: string; "request-id": string; "client-request-id": string };
  };
}

// Requests. What each requires: its page of the Graph reference.

type ReadOnly = "id" | "appId" | "createdDateTime" | "deletedDateTime" | "publisherDomain";

export type ApplicationChange = Omit<v1.Application, ReadOnly>;

export type NewApplication = ApplicationChange & { displayName: string };

export type NewServicePrincipal = Omit<v1.ServicePrincipal, "id" | "deletedDateTime">;

export type NewAppRoleAssignment = Selected<
  v1.AppRoleAssignment,
  "principalId" | "resourceId" | "appRoleId"
>;

export interface NewFederatedIdentityCredential extends Omit<v1.FederatedIdentityCredential, "id"> {
  name: string;
  issuer: string;
  subject: string;
  audiences: [string];
}

// The name cannot change.
export type FederatedIdentityCredentialChange = Omit<v1.FederatedIdentityCredential, "id" | "name">;

export interface NewRoleAssignment extends Omit<v1.UnifiedRoleAssignment, "id"> {
  principalId: string;
  roleDefinitionId: string;
  directoryScopeId: string;
}

export interface NewExchangeRoleAssignment extends Omit<beta.UnifiedRoleAssignment, "id"> {
  principalId: `/ServicePrincipals/${string}`;
  roleDefinitionId: string;
  directoryScopeId: string;
}

// Actions have no types; the names are those of the schema's actions.
export interface AddKey {
  keyCredential: v1.KeyCredential;
  passwordCredential: Nullable<v1.PasswordCredential>;
  proof: string;
}

export interface RemoveKey {
  keyId: string;
  proof: string;
}
