using Microsoft.AspNetCore.Authentication;

namespace Engine.Access;

public static class AccessSetup
{
    public static void AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<FindToken>();
        services.AddSingleton<NoteTokenUse>();
        services.AddHostedService(s => s.GetRequiredService<NoteTokenUse>());
        services.AddSingleton<CreateToken>();
        services.AddSingleton<RevokeToken>();
        services.AddSingleton<ListTokens>();
        services.AddSingleton<FirstToken>();
        services.AddSingleton<RateLimits>();
        // The core alone: AddAuthentication would bring data protection, which writes keys into the user's home.
        services.AddAuthenticationCore(authentication => authentication.DefaultScheme = TokenAuthentication.Scheme);
        services.AddWebEncoders();
        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.Scheme, null);
        var policies = services.AddAuthorizationBuilder();
        foreach (var role in Roles.All) policies.AddPolicy(role, policy => policy.RequireRole(Roles.Satisfying(role)));
    }

    /// <summary>Limits first, so that a flood is turned away before it costs a query.</summary>
    public static void UseAccess(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<RateLimits>();
        app.Use(next => http => limits.ApplyAsync(http, next));
        app.UseAuthentication();
        app.UseAuthorization();
    }
}
