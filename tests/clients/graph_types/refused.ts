// Bodies that must not compile: each stands for a way in which a field can be wrong. If one of
// them were taken, the check of the recorded bodies would be worth nothing.

import type * as published from "./published";

export const misspelled: published.ApplicationChange = {
  displayName: "Audit",
  // @ts-expect-error: requiredResourceAccess
  requiredResourceAcces: [],
};

export const ofAnotherType: published.ApplicationChange = {
  // @ts-expect-error: a list
  tags: "audit",
};

export const readOnly: published.ApplicationChange = {
  // @ts-expect-error: the directory gives it
  appId: "402b12a2-fb2b-4222-8f54-5596def1a0c3",
};

export const misspelledWithin: published.NewApplication = {
  displayName: "Audit",
  // @ts-expect-error: resourceAccess
  requiredResourceAccess: [{ resourceAppId: "00000002-0000-0ff1-ce00-000000000000", access: [] }],
};

// @ts-expect-error: by `appId` it is found
export const withoutKey: published.ServicePrincipal = {
  id: "1",
  displayName: "Audit",
  appRoleAssignmentRequired: false,
  appRoles: [],
  servicePrincipalNames: [],
  tags: [],
};

export const misspelledInAList: published.Page<[published.AppRoleAssignment]> = {
  // @ts-expect-error: createdDateTime, which old samples call otherwise
  value: [{ id: "1", appRoleId: "2", principalId: "3", resourceId: "4", creationTimestamp: "5" }],
};

export const notSelected: published.Selected<published.Application, "id"> = {
  id: "1",
  // @ts-expect-error: nobody asked for it
  displayName: "Audit",
};

// @ts-expect-error: it was asked for
export const selectedAndMissing: published.Selected<published.Application, "id" | "notes"> = {
  id: "1",
};

// @ts-expect-error: without it the assignment is of no scope
export const withoutScope: published.NewRoleAssignment = {
  principalId: "1",
  roleDefinitionId: "2",
};
