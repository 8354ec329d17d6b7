// The page of each path, its entry in the menu, and the role that it requires.

/** @typedef {{ path: string, load: () => Promise<{ default: (parameters: never) => import("./parts/types.js").View }>, role?: string }} Route */

/** @type {Route[]} */
export const ROUTES = [
  { path: "/", load: () => import("./pages/overview.js") },
  { path: "/companies", load: () => import("./pages/companies.js") },
  { path: "/companies/:id", load: () => import("./pages/company.js") },
  { path: "/predictions", load: () => import("./pages/predictions.js") },
  { path: "/predictions/:kind/:id", load: () => import("./pages/prediction.js") },
  { path: "/score", load: () => import("./pages/score.js") },
  { path: "/uploads", load: () => import("./pages/uploads.js") },
  { path: "/uploads/new", load: () => import("./pages/upload_new.js") },
  { path: "/uploads/:id", load: () => import("./pages/upload.js") },
  { path: "/outcomes", load: () => import("./pages/outcomes.js") },
  { path: "/validations", load: () => import("./pages/validations.js") },
  { path: "/validations/new", load: () => import("./pages/validation_new.js") },
  { path: "/validations/:id", load: () => import("./pages/validation.js") },
  { path: "/transitions", load: () => import("./pages/transitions.js") },
  { path: "/default-definitions", load: () => import("./pages/definitions.js") },
  { path: "/rating-scales", load: () => import("./pages/scales.js") },
  { path: "/models", load: () => import("./pages/models.js") },
  { path: "/models/:name/:version", load: () => import("./pages/model.js") },
  { path: "/models/:name/:version/monitoring", load: () => import("./pages/monitoring.js") },
  { path: "/organization", load: () => import("./pages/organization.js") },
  { path: "/organizations", load: () => import("./pages/organizations.js"), role: "tenant_admin" },
  { path: "/organizations/:id", load: () => import("./pages/organization.js"), role: "tenant_admin" },
  { path: "/account", load: () => import("./pages/account.js") },
  { path: "/audit", load: () => import("./pages/audit.js"), role: "org_admin" },
  { path: "/administration", load: () => import("./pages/administration.js"), role: "super_admin" },
];

/** @type {{ path?: string, label: string, icon?: string, role?: string }[]} */
export const MENU = [
  { path: "/", label: "Overview", icon: "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z" },
  { path: "/companies", label: "Companies", icon: "M4 20V6l8-3v17M12 9h8v11M2.5 20h19M7 8v.01M7 12v.01M7 16v.01M16 13v.01M16 17v.01" },
  { path: "/predictions", label: "Predictions", icon: "M4 19V5M4 19h16M7.5 15l4-5 3 3 5-7" },
  { path: "/score", label: "Score and what-if", icon: "M5 5v14M12 5v14M19 5v14M3 9h4M10 14h4M17 8h4" },
  { path: "/uploads", label: "Uploads", icon: "M12 15V4M7.5 8.5 12 4l4.5 4.5M4 15v5h16v-5" },
  { path: "/models", label: "Models", icon: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9" },
  { label: "Validate" },
  { path: "/outcomes", label: "Outcomes", icon: "M5 4v17M5 5h12l-2.500 4 2.500 4H5" },
  { path: "/validations", label: "Back-tests", icon: "M4 4v16h16M7.500 15.500 11 11l3 2.500L19.500 7M15.500 7h4v4" },
  { path: "/transitions", label: "Movements", icon: "M4 8h13M13.500 4.500 17 8l-3.500 3.500M20 16H7M10.500 12.500 7 16l3.500 3.500" },
  { path: "/default-definitions", label: "Definitions", icon: "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11M9 8h6" },
  { path: "/rating-scales", label: "Master scales", icon: "M4 20v-4h4v-4h4V8h4V4h4" },
  { label: "Manage" },
  { path: "/organization", label: "Organization", icon: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.6-4 3-6 6.5-6s5.900 2 6.500 6M16 4.500a3.500 3.500 0 0 1 0 6.500M18 14.500c2 .8 3.200 2.600 3.500 5.500" },
  { path: "/organizations", label: "Organizations", icon: "M12 3v6M12 9H6v4M12 9h6v4M3.500 13h5v6h-5zM15.500 13h5v6h-5zM9.500 3h5v4h-5z", role: "tenant_admin" },
  { path: "/audit", label: "Audit log", icon: "M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h7", role: "org_admin" },
  { path: "/administration", label: "Administration", icon: "M12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM12 2.500v3M12 18.500v3M2.500 12h3M18.500 12h3M5.300 5.300l2.100 2.100M16.600 16.600l2.100 2.100M5.300 18.700l2.100-2.100M16.600 7.400l2.100-2.100", role: "super_admin" },
];
