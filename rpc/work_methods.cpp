#include <string>
#include <utility>
#include <vector>

#include "pool/base/json.h"
#include "rpc/answers.h"
#include "rpc/methods.h"
#include "rpc/views.h"

namespace rpc {
namespace {

std::string template_json(const TemplateInfo& info)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("height").unsigned_integer(info.height.value);
    json.key("previous").string(info.previous);
    json.key("transactions").unsigned_integer(info.transactions);
    json.key("reward_sat").integer(info.reward.value);
    json.key("fees_sat").integer(info.fees.value);
    json.key("weight").unsigned_integer(info.weight);
    json.key("bits").string(info.bits).key("difficulty").raw(number_json(info.difficulty));
    json.key("age_ms").unsigned_integer(info.age_ms);
    json.key("jobs").unsigned_integer(info.jobs);
    json.key("empty_jobs").unsigned_integer(info.empty_jobs);
    json.key("empty_ms").unsigned_integer(info.empty_ms).end_object();
    return out;
}

Method gettemplateinfo_method(WorkControl& work)
{
    Method method;
    method.group = "work";
    method.name = "gettemplateinfo";
    method.reads_only = true;
    method.doc = "Tells what block the miners are working on.";
    method.result =
        "an object: height, previous, transactions, reward_sat, fees_sat, weight, bits, "
        "difficulty, age_ms, jobs, empty_jobs, empty_ms";
    method.handler = [&work](const Caller&, const Arguments&, Reply reply) {
        work.current(answer<TemplateInfo>(std::move(reply), template_json));
    };
    return method;
}

std::string jobs_json(const std::vector<JobInfo>& jobs)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_array();
    for (const JobInfo& job : jobs) {
        json.begin_object().key("job").unsigned_integer(job.id);
        json.key("at").unsigned_integer(job.at.value / 1000);
        json.key("height").unsigned_integer(job.height.value);
        json.key("previous").string(job.previous);
        json.key("empty").boolean(job.empty).key("clean").boolean(job.clean);
        json.key("transactions").unsigned_integer(job.transactions);
        json.key("reward_sat").integer(job.reward.value).end_object();
    }
    json.end_array();
    return out;
}

Method listjobs_method(WorkControl& work)
{
    Method method;
    method.group = "work";
    method.name = "listjobs";
    method.reads_only = true;
    method.params = {{.name = "limit",
                      .type = ParamType::integer,
                      .required = false,
                      .default_value = std::int64_t{20},
                      .min = 1,
                      .max = 64,
                      .doc = "at most so many"}};
    method.doc = "Lists the jobs that miners were given, newest first.";
    method.result =
        "a list of objects: job, at, height, previous, empty, clean, transactions, reward_sat";
    method.handler = [&work](const Caller&, const Arguments& arguments, Reply reply) {
        work.jobs(static_cast<std::size_t>(arguments.integer(0)),
                  answer<std::vector<JobInfo>>(std::move(reply), jobs_json));
    };
    return method;
}

Method refreshtemplate_method(WorkControl& work)
{
    Method method;
    method.group = "work";
    method.name = "refreshtemplate";
    method.roles = {Role::operating};
    method.doc = "Asks the nodes for new templates now; what is worth it becomes a job.";
    method.result = "null";
    method.handler = [&work](const Caller&, const Arguments&, const Reply& reply) {
        work.refresh();
        reply("null");
    };
    return method;
}

Method listbitcoinds_method(WorkControl& work)
{
    Method method;
    method.group = "work";
    method.name = "listbitcoinds";
    method.reads_only = true;
    method.doc = "Lists the Bitcoin nodes and where they are.";
    method.result =
        "a list of objects: name, role, enabled, up, height, tip, on_our_tip, template_age_ms";
    method.handler = [&work](const Caller&, const Arguments&, Reply reply) {
        work.nodes(answer<std::vector<BitcoindInfo>>(std::move(reply), nodes_json));
    };
    return method;
}

Method setnode_method(WorkControl& work)
{
    Method method;
    method.group = "work";
    method.name = "setnode";
    method.roles = {Role::operating};
    method.params = {{.name = "name", .length_max = 64, .doc = "as listbitcoinds has it"},
                     {.name = "enabled", .type = ParamType::boolean, .doc = "true or false"}};
    method.doc =
        "Switches a node off (for its upgrade, say) or on again, until the next start. One that "
        "is off gives no work and no tips; found blocks are sent to it all the same.";
    method.result = "whether it is on now";
    method.handler = [&work](const Caller&, const Arguments& arguments, Reply reply) {
        work.set_node(
            arguments.text(0), arguments.boolean(1),
            answer<bool>(std::move(reply), [](bool on) { return on ? "true" : "false"; }));
    };
    return method;
}

}  // namespace

void register_work_methods(Router& router, WorkControl& work)
{
    router.add(gettemplateinfo_method(work));
    router.add(listjobs_method(work));
    router.add(refreshtemplate_method(work));
    router.add(listbitcoinds_method(work));
    router.add(setnode_method(work));
}

}  // namespace rpc
