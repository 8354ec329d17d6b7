// Swagger UI for the document of this service. If a user is signed in at the console,
// requests from this page use the session of their browser.
"use strict";

window.onload = () => {
  document.title = "AccuNode API";
  window.ui = window.SwaggerUIBundle({
    url: "../openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    presets: [window.SwaggerUIBundle.presets.apis, window.SwaggerUIStandalonePreset],
    plugins: [window.SwaggerUIBundle.plugins.DownloadUrl],
    layout: "StandaloneLayout",
    requestInterceptor: (request) => {
      const own = new URL(request.url, location.href).origin === location.origin;
      // A bearer token from "Authorize" takes precedence.
      if (own && !request.headers.Authorization) request.headers["X-AccuNode-Client"] = "browser";
      return request;
    },
  });
};
