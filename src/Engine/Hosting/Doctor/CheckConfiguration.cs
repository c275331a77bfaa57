using Engine.Hosting.Configuration;

namespace Engine.Hosting.Doctor;

static class CheckConfiguration
{
    public static Finding Run(EngineSettings settings, IReadOnlyList<string> problems) => problems.Count == 0
        ? Finding.Ok("configuration", settings.File ?? "no file; defaults and environment")
        : Finding.Failed("configuration", string.Join("\n", problems), "correct each as it says; `engine config check` lists what is left.");
}
