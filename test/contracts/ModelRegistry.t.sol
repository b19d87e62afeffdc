// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ModelRegistry} from "solidity/ModelRegistry.sol";
import {Network} from "./Network.sol";

contract ModelRegistryTest is Network {
    function testTheSameRegistrationHasOneIdAndIsMadeOnce() public {
        (bytes32 datanet, bytes32 model,) = servedModel(1);
        ModelRegistry.Registration memory r = registration(datanet, 5000, 2000, 3000);
        same(model, models.idOf(builder, r), "id");
        yes(models.idOf(stranger, r) != model, "another builder's is another");
        same(models.modelOf(model).builder, builder, "builder");
        vm.expectPartialRevert(ModelRegistry.AlreadyRegistered.selector);
        vm.prank(builder);
        models.register(r);
    }

    function testSplitsMustBeWhole(uint16 w, uint16 b, uint16 d) public {
        vm.assume(uint256(w) + b + d != 10_000);
        bytes32 datanet = newDatanet("rules");
        anchorNext(datanet, 1);
        vm.expectPartialRevert(ModelRegistry.SplitNotWhole.selector);
        models.register(registration(datanet, w, b, d));
    }

    function testABaseModelHasNoDataShare() public {
        yes(newModel(0, 8000, 2000, 0) != 0, "registered");
        vm.expectPartialRevert(ModelRegistry.NoDatanetNoShare.selector);
        models.register(registration(0, 5000, 2000, 3000));
        ModelRegistry.Registration memory r = registration(0, 8000, 2000, 0);
        r.version = 1;
        vm.expectPartialRevert(ModelRegistry.NoDatanetNoShare.selector);
        models.register(r);
    }

    function testTheVersionMustBeAnchored() public {
        bytes32 datanet = newDatanet("rules");
        vm.expectPartialRevert(ModelRegistry.VersionNotAnchored.selector);
        models.register(registration(datanet, 5000, 2000, 3000));
        anchorNext(datanet, 1);
        ModelRegistry.Registration memory r = registration(datanet, 5000, 2000, 3000);
        r.version = 2;
        vm.expectPartialRevert(ModelRegistry.VersionNotAnchored.selector);
        models.register(r);
    }

    function testTextsAreBounded() public {
        ModelRegistry.Registration memory r = registration(0, 8000, 2000, 0);
        r.base = "";
        vm.expectPartialRevert(ModelRegistry.TextLength.selector);
        models.register(r);
        r.base = string(new bytes(101));
        vm.expectPartialRevert(ModelRegistry.TextLength.selector);
        models.register(r);
        r.base = "base";
        r.licence = string(new bytes(101));
        vm.expectPartialRevert(ModelRegistry.TextLength.selector);
        models.register(r);
        r.licence = "";
        r.name = "";
        vm.expectPartialRevert(ModelRegistry.TextLength.selector);
        models.register(r);
    }

    function testALicenceIsPartOfWhatIsRegistered() public {
        ModelRegistry.Registration memory r = registration(0, 8000, 2000, 0);
        bytes32 model = models.register(r);
        yes(keccak256(bytes(models.modelOf(model).registration.licence)) == keccak256("CC-BY-4.0"), "as it was said");
        r.licence = "";
        bytes32 other = models.register(r);
        yes(other != model, "another licence, another model");
        yes(bytes(models.modelOf(other).registration.licence).length == 0, "none need be said");
    }

    function testOnlyTheBuilderRetires() public {
        bytes32 model = newModel(0, 8000, 2000, 0);
        vm.expectPartialRevert(ModelRegistry.NotTheBuilder.selector);
        models.retire(model);
        vm.expectPartialRevert(ModelRegistry.UnknownModel.selector);
        models.retire("x");
        vm.prank(builder);
        models.retire(model);
        yes(models.modelOf(model).retired, "retired");
    }
}
